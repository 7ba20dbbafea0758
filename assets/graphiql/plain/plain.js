import { ask, current, logIn, logOut, subscribe } from './session.js';
import { examples, variablesOf } from './examples.js';

const at = (id) => document.getElementById(id);

// Request

for (const [number, example] of examples.entries()) at('example').add(new Option(example.name, String(number)));

function show(example) {
  at('query').value = example.query;
  // The caret would be at the end, and the first focus would scroll past the comment.
  at('query').setSelectionRange(0, 0);
  at('variables').value = variablesOf(example);
}

function objectIn(id, name) {
  const text = at(id).value.trim();
  if (text === '') return {};
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: this is not JSON. ${error.message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Error(`${name}: a JSON object is needed, like {}.`);
  }
  return value;
}

// An answer may arrive after that of a later request.
let latest = 0;

async function run() {
  latest += 1;
  const mine = latest;
  at('result').textContent = '';
  at('run-status').textContent = 'Waiting for the answer…';
  let status;
  let result;
  try {
    const request = { query: at('query').value, variables: objectIn('variables', 'Variables') };
    const answer = await ask(request, objectIn('headers', 'Headers'));
    result = JSON.stringify(answer, null, 2);
    status = answer?.errors ? 'Answered with errors' : 'Answered';
  } catch (error) {
    result = error.message;
    status = 'Not sent, or not answered';
  }
  if (mine !== latest) return;
  at('result').textContent = result;
  at('run-status').textContent = status;
  // On a phone the result lies far below the button.
  at('result-title').scrollIntoView({ block: 'nearest' });
}

at('example').addEventListener('change', (event) => show(examples[Number(event.target.value)]));
at('request').addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
at('request').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});

// Log-in

function showSession() {
  const session = current();
  at('login-title').textContent = session ? 'Your log-in' : 'Log in';
  at('login-status').textContent = session ? `Logged in as ${session.email}.` : '';
  at('login-form').hidden = Boolean(session);
  at('login-in').hidden = !session;
  at('login-token').value = session?.token ?? '';
  at('login-refresh-token').value = session?.refreshToken ?? '';
}

function refuse(words) {
  at('login-error').replaceChildren(
    ...words.map((sentence) => {
      const line = document.createElement('p');
      line.textContent = sentence;
      return line;
    }),
  );
}

at('login-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  refuse([]);
  at('login-submit').disabled = true;
  const words = await logIn(at('login-email').value, at('login-password').value);
  at('login-submit').disabled = false;
  refuse(words);
  if (words.length > 0) {
    at('login-password').select();
  } else {
    at('login-password').value = '';
    at('login-logout').focus();
  }
});
at('login-logout').addEventListener('click', () => {
  logOut();
  at('login-email').focus();
});

subscribe(showSession);
showSession();
show(examples[0]);
// Browsers bring back what a select held before a reload.
at('example').value = '0';
