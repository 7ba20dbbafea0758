import './workers.js';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { ToolbarButton, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { ask } from '../plain/session.js';
import { emptyHeaders, examples, variablesOf } from '../plain/examples.js';
import { LOGIN_PLUGIN, openLogin, UserIcon, useSession } from './login.jsx';
import { storage } from './storage.js';

const tabs = examples.map((example) => ({
  query: example.query,
  variables: variablesOf(example),
  headers: emptyHeaders,
}));
const plugins = [LOGIN_PLUGIN];

// Right after a change of tabs, GraphiQL still has the name of the operation in the tab before.
function fetcher({ operationName, ...request }, options) {
  const named = operationName && new RegExp(`\\b${operationName}\\b`).test(request.query);
  return ask(named ? { ...request, operationName } : request, options?.headers);
}

function LoginButton() {
  const session = useSession();
  return (
    <button type="button" id="login-open" className="login-open" onClick={openLogin} title={session?.email}>
      <UserIcon aria-hidden="true" />
      <span>{session ? session.email : 'Log in'}</span>
    </button>
  );
}

// The editors take their colours once; without this they would stay behind when the system goes dark.
function FollowSystem() {
  const { setTheme } = useGraphiQLActions();
  const theme = useGraphiQL((state) => state.theme);
  useEffect(() => {
    if (theme) return undefined;
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(null);
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, [theme, setTheme]);
  return null;
}

function Page() {
  return (
    <>
      <h1 className="unseen">GraphiQL – pledge4future-auth</h1>
      <GraphiQL
        fetcher={fetcher}
        storage={storage}
        plugins={plugins}
        defaultTabs={tabs}
        initialVariables={tabs[0].variables}
        defaultHeaders={emptyHeaders}
        defaultEditorToolsVisibility="headers"
        shouldPersistHeaders={false}
      >
        <GraphiQL.Logo>
          <LoginButton />
        </GraphiQL.Logo>
        <GraphiQL.Toolbar>
          {({ prettify, merge, copy }) => (
            <>
              {prettify}
              {merge}
              {copy}
              <ToolbarButton label="Log in or out" onClick={openLogin}>
                <UserIcon className="graphiql-toolbar-icon" aria-hidden="true" />
              </ToolbarButton>
            </>
          )}
        </GraphiQL.Toolbar>
        <FollowSystem />
      </GraphiQL>
    </>
  );
}

createRoot(document.getElementById('root')).render(<Page />);
