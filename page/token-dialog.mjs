import { byId, setText } from './dom.mjs';
import { currentCaller, onCaller, setToken, token } from './session.mjs';

/** Asks for a token, and says whom the service takes us for. */

const dialog = byId('token', HTMLDialogElement);
const form = byId('token-form', HTMLFormElement);
const value = byId('token-value', HTMLInputElement);
const trouble = byId('token-trouble', HTMLElement);
const button = byId('session', HTMLButtonElement);

/** @param {string} [why] */
export function askForToken(why = '') {
  setText(trouble, why);
  if (!dialog.open) dialog.showModal();
  value.focus();
}

/** @param {() => void} changed called when we have another token, or none */
export function initToken(changed) {
  button.addEventListener('click', () => askForToken());
  byId('token-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  byId('token-forget', HTMLButtonElement).addEventListener('click', () => {
    setToken(null);
    dialog.close();
    changed();
  });
  form.addEventListener('submit', () => {
    setToken(value.value.trim());
    changed();
  });
  dialog.addEventListener('close', () => {
    value.value = '';
  });
  onCaller(() => setText(button, label()));
}

function label() {
  const caller = currentCaller();
  if (caller === null) return 'Read only · enter token';
  return caller.may_act ? `Acts as ${caller.name}` : `Reads as ${caller.name}`;
}

/** The service has said whom it takes us for. */
export function checkToken() {
  if (token() !== null && currentCaller() === null) askForToken('The service does not know this token.');
}
