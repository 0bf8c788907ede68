// A browser that keeps cookies and fills in forms like a user.

import { BASE } from './server.mjs';

const unescape = (text) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&#x27;', "'").replaceAll('&amp;', '&');

const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found && unescape(found[1]);
};

// The form of a page: its action, and the fields and buttons that have a name and a value.
function formOf(html) {
  const form = /<form[^>]*>[\s\S]*?<\/form>/.exec(html)?.[0];
  if (!form) throw new Error(`there is no form: ${html}`);
  const tags = (name) => form.match(new RegExp(`<${name}[^>]*>`, 'g')) ?? [];
  const named = (tag) => [attribute(tag, 'name'), attribute(tag, 'value')];
  const fields = tags('input').map(named).filter(([name, value]) => name && value !== null);
  const buttons = tags('button').map(named).filter(([name]) => name);
  return { action: attribute(tags('form')[0], 'action'), fields: Object.fromEntries(fields), buttons };
}

// Node 18 on Debian joins these headers with commas. The cookies of this server contain no comma.
const setCookies = (headers) =>
  headers.getSetCookie?.() ?? (headers.get('set-cookie') ?? '').split(', ').filter((line) => line);

export class Browser {
  #cookies = new Map();

  // Requests a URL, or sends a form to it. Redirects are not followed.
  async open(url, form) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(url, BASE), {
      redirect: 'manual',
      headers: { ...(cookie && { cookie }), ...(form && { origin: BASE }) },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of setCookies(answer.headers)) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      if (/max-age=0/i.test(line)) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }

  // Opens a URL, signs in and gives consent where the pages ask for it. Returns the URL outside the
  // server to which the browser is redirected, or the last page if it has no form for the server.
  async visit(url, { login = 'alice', fields = {}, decision } = {}) {
    let answer = await this.open(url);
    for (let step = 0; step < 12; step += 1) {
      if (answer.status >= 300 && answer.status < 400) {
        const location = new URL(answer.headers.get('location'), BASE);
        if (location.origin !== new URL(BASE).origin) return { location, answer };
        answer = await this.open(location);
        continue;
      }
      const page = await answer.text();
      if (!/<form/.test(page)) return { page, answer };
      const form = formOf(page);
      if (new URL(form.action, BASE).origin !== new URL(BASE).origin) return { form, page, answer };
      const filled = { ...form.fields, ...fields };
      if (/name="password"/.test(page)) {
        Object.assign(filled, { username: login, password: `${login}-demo-password` });
      }
      // The first button is the one that gives consent.
      const pressed = form.buttons.find(([, value]) => value === decision) ?? form.buttons[0];
      if (pressed) Object.assign(filled, Object.fromEntries([pressed]));
      answer = await this.open(form.action, filled);
      if (answer.status >= 400) throw new Error(`${answer.status}: ${await answer.text()}`);
    }
    throw new Error('the pages lead nowhere');
  }
}
