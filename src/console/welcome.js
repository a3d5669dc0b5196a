/** Makes the samples of the page true for this server: its address, and in development the demo customer's token. Copies them. */

const SHOWN_MS = 1_500;

showAddress();
for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', () => copy(button));
await showToken();
document.documentElement.dataset.ready = 'true';

function showAddress() {
  const socketOrigin = location.origin.replace(/^http/, 'ws');
  for (const place of document.querySelectorAll('[data-origin]')) {
    place.textContent = place.textContent.replaceAll('ws://localhost:4000', socketOrigin).replaceAll('http://localhost:4000', location.origin);
  }
}

async function showToken() {
  // Only a page with a chat has a demo customer.
  if (!document.querySelector('#chat')) return;
  try {
    const response = await fetch('/demo-session.json', { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
    const { customerToken } = await response.json();
    for (const place of document.querySelectorAll('[data-origin]')) place.textContent = place.textContent.replaceAll('YOUR_TOKEN', customerToken);
  } catch {
    // The samples keep their placeholder; the chat says what is wrong.
  }
}

async function copy(button) {
  const text = document.querySelector(`#${button.dataset.copy}`).textContent;
  const label = button.textContent;
  button.textContent = (await wrote(text)) ? 'Copied' : 'Select and copy';
  setTimeout(() => (button.textContent = label), SHOWN_MS);
}

/** Browsers refuse on pages that came over plain HTTP from elsewhere. */
async function wrote(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
