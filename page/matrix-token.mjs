import { el, setText } from './dom.mjs';
import { otherPage } from './other-page.mjs';
import { setToken, token } from './session.mjs';

/**
 * Where the service shows nothing without a token: asks for one, and puts what it shows then in the page's place.
 *
 * @param {HTMLElement} place of the question
 * @param {() => void} shown called once the page is there
 */
export function askForToken(place, shown) {
  const trouble = el('p', { class: 'trouble', role: 'alert' });
  const value = el('input', {
    type: 'password',
    id: 'token-value',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setToken(value.value.trim());
    void look();
  };
  const look = async () => {
    try {
      const page = await otherPage(location.href.split('#')[0] ?? '');
      const main = page.querySelector('main');
      if (main === null) return;
      document.title = page.title;
      document.querySelector('main')?.replaceWith(document.adoptNode(main));
      shown();
    } catch (error) {
      setText(trouble, error instanceof Error ? error.message : String(error));
      value.select();
    }
  };
  place.append(
    el(
      'form',
      { class: 'token', onsubmit: submit },
      el('p', {}, 'A token of the service’s configuration (http.tokens). It stays in this tab.'),
      el('label', { for: 'token-value' }, 'Token'),
      value,
      el('button', { type: 'submit', class: 'main' }, 'Use it'),
      trouble,
    ),
  );
  if (token() === null) value.focus();
  else void look();
}
