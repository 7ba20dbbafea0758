// Monaco's dark comments have a contrast of 3.6:1 here; these have 6.8:1. GraphiQL has no property for a colour and does not export
// its themes, so this changes the dark one before GraphiQL passes it to Monaco.
import { MONACO_THEME_DATA } from '../node_modules/@graphiql/react/dist/constants.js';

MONACO_THEME_DATA.dark.rules.push({ token: 'comment', foreground: '#8fbf7a' });
