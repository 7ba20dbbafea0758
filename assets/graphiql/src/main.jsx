import './workers.js';
import './theme.js';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { ask } from './session.js';
import { examples, variablesOf } from './examples.js';
import { Login } from './login.jsx';
import { storage } from './storage.js';

// GraphiQL reads the variables as JSON with comments, and sends them without.
const NOTE = '// Example values: replace them with your own.\n';

const tabs = examples.map((example) => ({
  query: example.query,
  variables: variablesOf(example) && NOTE + variablesOf(example),
}));
// Without a list of its own GraphiQL adds the history, which stores headers.
const plugins = [];

// Right after a change of tabs, GraphiQL still has the name of the operation in the tab before.
function fetcher({ operationName, ...request }, options) {
  const named = operationName && new RegExp(`\\b${operationName}\\b`).test(request.query);
  return ask(named ? { ...request, operationName } : request, options?.headers);
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

// Opens each tab on its variables, so that nobody runs an operation with values that are out of sight.
function ShowVariables() {
  const { id, variables } = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  useEffect(() => {
    document.querySelector('.graphiql-tab-active')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    // GraphiQL has no action for this.
    if (variables) document.querySelector('.graphiql-editor-tools [data-name="variables"]:not(.active)')?.click();
    // Not when the variables change, as they do when somebody types.
  }, [id]);
  return null;
}

// Fits the editors to the width of the window. GraphiQL has no properties for this.
function FitEditors() {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = useGraphiQL(
    pick('queryEditor', 'variableEditor', 'headerEditor', 'responseEditor'),
  );
  useEffect(() => {
    // The same width as in page.css.
    const phone = window.matchMedia('(max-width: 700px)');
    const fit = () => {
      const fontSize = phone.matches ? 13 : 15;
      responseEditor?.updateOptions({ fontSize });
      for (const editor of [queryEditor, variableEditor, headerEditor]) {
        editor?.updateOptions({
          fontSize,
          wordWrap: 'on',
          wrappingIndent: 'indent',
          lineNumbers: phone.matches ? 'off' : 'on',
          folding: !phone.matches,
        });
      }
    };
    fit();
    phone.addEventListener('change', fit);
    return () => phone.removeEventListener('change', fit);
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);
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
        defaultEditorToolsVisibility="variables"
        shouldPersistHeaders={false}
      >
        <GraphiQL.Logo>
          <Login />
        </GraphiQL.Logo>
        <FollowSystem />
        <ShowVariables />
        <FitEditors />
      </GraphiQL>
    </>
  );
}

createRoot(document.getElementById('root')).render(<Page />);
