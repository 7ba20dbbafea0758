import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { current, logIn, logOut, subscribe } from '../plain/session.js';

const TITLE = 'Log in';

export function useSession() {
  return useSyncExternalStore(subscribe, current);
}

export function UserIcon(props) {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" {...props}>
      <circle cx="10" cy="6.5" r="3.5" />
      <path d="M3.5 17.5c.6-3.6 3.2-5.5 6.5-5.5s5.9 1.9 6.5 5.5" />
    </svg>
  );
}

/** Opens the panel, or goes to it. */
export function openLogin() {
  const panel = document.getElementById('login-panel');
  if (panel) {
    panel.querySelector('input, button')?.focus();
    return;
  }
  // The sidebar alone can bring back a pane that was folded away; the store knows nothing of that.
  document.querySelector(`.graphiql-sidebar button[aria-label="Show ${TITLE}"]`)?.click();
}

function LoginPanel() {
  const session = useSession();
  const { introspect } = useGraphiQLActions();
  const schema = useGraphiQL((state) => state.schema);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState([]);
  const panel = useRef(null);

  useEffect(() => {
    // Not when the page has just loaded with the panel open: that would take readers past the top of the page.
    if (document.activeElement !== document.body) focusFirst();
  }, []);

  const focusFirst = () => panel.current?.querySelector('input, button')?.focus();

  async function submit(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setRefusal([]);
    const words = await logIn(form.get('email'), form.get('password'));
    setBusy(false);
    setRefusal(words);
    if (words.length > 0) {
      panel.current?.querySelector('[name=password]')?.select();
      return;
    }
    focusFirst();
    if (!schema) introspect();
  }

  function leave() {
    logOut();
    // The form is there after the next rendering.
    setTimeout(focusFirst);
  }

  return (
    <section id="login-panel" className="login" aria-labelledby="login-title" ref={panel}>
      <h2 id="login-title">{session ? 'Your log-in' : TITLE}</h2>
      <p id="login-status" role="status">
        {session && (
          <>
            Logged in as <strong>{session.email}</strong>
            {session.username && session.username !== session.email && ` (${session.username})`}.
          </>
        )}
      </p>
      {session ? (
        <>
          <button type="button" id="login-logout" className="login-button" onClick={leave}>
            Log out
          </button>
          <p className="login-hint">
            All tabs send the token. An <code>Authorization</code> of your own in the headers of a tab takes its place there.
          </p>
          <details>
            <summary>Tokens</summary>
            <label htmlFor="login-token">Access token</label>
            <textarea id="login-token" readOnly rows={6} spellCheck={false} value={session.token} />
            <label htmlFor="login-refresh-token">Refresh token</label>
            <textarea id="login-refresh-token" readOnly rows={2} spellCheck={false} value={session.refreshToken} />
          </details>
        </>
      ) : (
        <form onSubmit={submit} aria-describedby="login-hint">
          <label htmlFor="login-email">E-mail</label>
          <input id="login-email" name="email" type="email" autoComplete="username" required />
          <label htmlFor="login-password">Password</label>
          <input id="login-password" name="password" type="password" autoComplete="current-password" required />
          <button type="submit" id="login-submit" className="login-button" disabled={busy}>
            {busy ? 'Logging in…' : TITLE}
          </button>
        </form>
      )}
      <div id="login-error" role="alert" className="login-error">
        {refusal.map((words) => (
          <p key={words}>{words}</p>
        ))}
      </div>
      {!session && (
        <p id="login-hint" className="login-hint">
          The token then goes along with every request of every tab. It stays in memory and is gone when you leave or reload the page.
        </p>
      )}
    </section>
  );
}

export const LOGIN_PLUGIN = { title: TITLE, icon: UserIcon, content: LoginPanel };
