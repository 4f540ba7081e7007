import { useState } from 'preact/hooks';
import type { Credentials } from './server';
import type { Texts } from './texts';

/** Once for each machine, by whoever sets it up. */
export function SetUp({
  texts,
  failure,
  onSave,
}: {
  texts: Texts;
  failure: string | undefined;
  onSave: (credentials: Credentials) => Promise<void>;
}) {
  const [code, setCode] = useState('');
  const [token, setToken] = useState('');
  return (
    <main class="middle">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void onSave({ code: code.trim(), token: token.trim() });
        }}
      >
        <h1>{texts.setUp}</h1>
        <p class="quiet">{texts.setUpHint}</p>
        <label>
          {texts.terminalCode}
          <input
            value={code}
            autocomplete="off"
            required
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
        <label>
          {texts.token}
          <input
            type="password"
            value={token}
            autocomplete="off"
            required
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {failure && (
          <p class="told" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" class="main">
          {texts.save}
        </button>
      </form>
    </main>
  );
}
