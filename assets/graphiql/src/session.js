// The log-in of the page. It lives in memory alone, so that no token outlasts the page.

const LOG_IN = `mutation LogIn($email: String!, $password: String!, $code: String) {
  tokenAuth(email: $email, password: $password, code: $code) {
    success
    errors
    token
    refreshToken
    user {
      email
      username
    }
  }
}`;
// An access token that has expired ends no session; the refresh token may still be good.
const LOG_OUT = `mutation LogOut($session: ID!, $refreshToken: String!) {
  revokeSession(id: $session) {
    success
  }
  revokeToken(refreshToken: $refreshToken) {
    success
  }
}`;

let session = null;
const listeners = new Set();

function become(next) {
  session = next;
  for (const listener of listeners) listener();
}

/** Returns the log-in, or null: `{ email, username, token, refreshToken }`. */
export function current() {
  return session;
}

/** Calls `listener` after each change, until the returned function is called. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function post(request, headers) {
  const response = await fetch(window.location.pathname, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(request),
    cache: 'no-store',
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // A proxy in between may send a page of its own.
    const status = `${response.status} ${response.statusText}`.trim();
    return { errors: [{ message: `The server answered ${status}, without JSON.` }] };
  }
}

/** Sends a request to the API. It carries the token of the log-in unless `headers` has an Authorization. */
export async function ask(request, headers) {
  const sent = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== null && value !== undefined) sent[name] = String(value);
  }
  const own = Object.keys(sent).some((name) => name.toLowerCase() === 'authorization');
  const before = session;
  if (before && !own) sent.Authorization = `JWT ${before.token}`;
  const result = await post(request, sent);
  if (before && before === session) keepUp(before, own, request, result?.data);
  return result;
}

// Some results end the token that is in use and hold its successor.
function keepUp(before, own, request, data) {
  const turnedIn = request.variables?.refreshToken === before.refreshToken;
  const next = (!own && data?.passwordChange) || (turnedIn && data?.refreshToken);
  if (!next?.token) return;
  become({ ...before, token: next.token, refreshToken: next.refreshToken ?? before.refreshToken });
}

/**
 * Logs in. `code` is that of an authenticator app, a recovery code, or null.
 *
 * Returns `{ errors, needsCode }`: the errors of the server, one sentence each, none on success, and whether the account
 * has a second factor and `code` was null.
 */
export async function logIn(email, password, code) {
  let result;
  try {
    result = await post({ query: LOG_IN, variables: { email, password, code }, operationName: 'LogIn' });
  } catch {
    return { errors: ['The server cannot be reached.'], needsCode: false };
  }
  const answer = result?.data?.tokenAuth;
  if (answer?.success && answer.token) {
    become({
      email: answer.user?.email ?? email,
      username: answer.user?.username ?? '',
      token: answer.token,
      refreshToken: answer.refreshToken ?? '',
    });
    return { errors: [], needsCode: false };
  }
  const errors = [...wordsOf(answer?.errors), ...(result?.errors ?? []).map((error) => error.message)];
  const needsCode = Object.values(answer?.errors ?? {}).some((complaints) =>
    complaints.some((complaint) => complaint.code === 'second_factor_required'),
  );
  return { errors: errors.length > 0 ? errors : ['The server refused without a reason.'], needsCode };
}

/** Logs out; the server ends the session, and with it both tokens. */
export function logOut() {
  const ended = session;
  become(null);
  if (!ended) return;
  const variables = { session: sessionOf(ended.token), refreshToken: ended.refreshToken };
  const request = { query: LOG_OUT, variables, operationName: 'LogOut' };
  // The page has forgotten the tokens whether or not the server hears of it.
  post(request, { Authorization: `JWT ${ended.token}` }).catch(() => {});
}

// The id of the session that an access token belongs to.
function sessionOf(token) {
  const claims = token.split('.')[1] ?? '';
  try {
    return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))).sid ?? '';
  } catch {
    return '';
  }
}

function wordsOf(errors) {
  return Object.entries(errors ?? {}).flatMap(([field, complaints]) =>
    complaints.map(({ message }) => (field === 'nonFieldErrors' ? message : `${field}: ${message}`)),
  );
}
