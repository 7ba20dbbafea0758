import { useRef, useState, useSyncExternalStore } from 'react';
import { CloseIcon, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { current, logIn, logOut, subscribe } from './session.js';

function UserIcon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
      <circle cx="10" cy="6.5" r="3.5" />
      <path d="M3.5 17.5c.6-3.6 3.2-5.5 6.5-5.5s5.9 1.9 6.5 5.5" />
    </svg>
  );
}

/** The button that says who is logged in, and the dialog that it opens. */
export function Login() {
  const session = useSyncExternalStore(subscribe, current);
  const dialog = useRef(null);
  // Closing the dialog brings the focus back to the button.
  const close = () => dialog.current.close();
  return (
    <>
      <button type="button" id="login-open" aria-haspopup="dialog" onClick={() => dialog.current.showModal()}>
        <UserIcon />
        {session && <span className="unseen">Logged in as </span>}
        <span title={session?.email}>{session ? session.email : 'Log in'}</span>
      </button>
      <dialog ref={dialog} id="login-panel" className="graphiql-dialog" aria-labelledby="login-title">
        {session ? <LoggedIn session={session} close={close} /> : <LoginForm close={close} />}
        <button type="button" id="login-close" aria-label="Close" onClick={close}>
          <CloseIcon aria-hidden="true" />
        </button>
      </dialog>
    </>
  );
}

function LoginForm({ close }) {
  const { introspect } = useGraphiQLActions();
  const schema = useGraphiQL((state) => state.schema);
  const [busy, setBusy] = useState(false);
  const [errors, setErrors] = useState([]);
  const [hasCode, setHasCode] = useState(false);

  // Another account may have no second factor.
  function forget() {
    setHasCode(false);
    setErrors([]);
  }

  async function submit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const { email, password, code } = Object.fromEntries(new FormData(form));
    setBusy(true);
    setErrors([]);
    const result = await logIn(email, password, code || null);
    setBusy(false);
    setErrors(result.errors);
    if (result.needsCode) {
      setHasCode(true);
      return;
    }
    if (result.errors.length > 0) {
      (form.elements.code ?? form.elements.password).select();
      return;
    }
    close();
    if (!schema) introspect();
  }

  return (
    <form onSubmit={submit}>
      <h2 id="login-title">Log in</h2>
      <label htmlFor="login-email">E-mail</label>
      <input id="login-email" name="email" type="email" autoComplete="username" required onInput={forget} />
      <label htmlFor="login-password">Password</label>
      <input id="login-password" name="password" type="password" autoComplete="current-password" required />
      {hasCode && (
        <>
          <label htmlFor="login-code">Code of your app, or recovery code</label>
          <input id="login-code" name="code" autoComplete="one-time-code" autoFocus required />
        </>
      )}
      <button type="submit" id="login-submit" className="login-button" disabled={busy}>
        {busy ? 'Logging in…' : 'Log in'}
      </button>
      <div id="login-error" role="alert">
        {errors.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      <p className="login-hint">
        Every request of every tab then carries your token. The token stays in memory and is gone when you leave or reload the page.
      </p>
    </form>
  );
}

function LoggedIn({ session, close }) {
  function leave() {
    logOut();
    close();
  }

  return (
    <>
      <h2 id="login-title">Your log-in</h2>
      <p id="login-status">
        Logged in as <strong>{session.email}</strong>
        {session.username && session.username !== session.email && ` (${session.username})`}.
      </p>
      <button type="button" id="login-logout" className="login-button" onClick={leave}>
        Log out
      </button>
      <p className="login-hint">
        Every request of every tab carries your token, unless you write an Authorization header under Headers:{' '}
        <code>{'{"Authorization": "JWT <token>"}'}</code>
      </p>
      <details>
        <summary>Tokens</summary>
        <label htmlFor="login-token">Access token</label>
        <textarea id="login-token" readOnly rows={6} spellCheck={false} value={session.token} />
        <label htmlFor="login-refresh-token">Refresh token</label>
        <textarea id="login-refresh-token" readOnly rows={2} spellCheck={false} value={session.refreshToken} />
      </details>
    </>
  );
}
