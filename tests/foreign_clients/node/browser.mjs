// A browser that keeps cookies and fills in forms, and the person at it.

import { BASE } from './server.mjs';

const unescape = (text) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&#x27;', "'").replaceAll('&amp;', '&');

const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found && unescape(found[1]);
};

// The form of a page: where it goes, and the fields and buttons that have a name and a value.
function formOf(html) {
  const form = /<form[^>]*>[\s\S]*?<\/form>/.exec(html)?.[0];
  if (!form) throw new Error(`there is no form: ${html}`);
  const tags = (name) => form.match(new RegExp(`<${name}[^>]*>`, 'g')) ?? [];
  const named = (tag) => [attribute(tag, 'name'), attribute(tag, 'value')];
  const fields = tags('input').map(named).filter(([name, value]) => name && value !== null);
  const buttons = tags('button').map(named).filter(([name]) => name);
  return { action: attribute(tags('form')[0], 'action'), fields: Object.fromEntries(fields), buttons };
}

export class Browser {
  #cookies = new Map();

  // Asks for an address, or sends a form to it. Redirects are not followed.
  async open(url, form) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(url, BASE), {
      redirect: 'manual',
      headers: { ...(cookie && { cookie }), ...(form && { origin: BASE }) },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      if (/max-age=0/i.test(line)) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }

  // Opens an address and does what the pages ask, as a person who agrees. The answer is where the
  // browser leaves the server for, or the last page that has nothing to fill in for this person.
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
      // The first button agrees.
      const pressed = form.buttons.find(([, value]) => value === decision) ?? form.buttons[0];
      if (pressed) Object.assign(filled, Object.fromEntries([pressed]));
      answer = await this.open(form.action, filled);
      if (answer.status >= 400) throw new Error(`${answer.status}: ${await answer.text()}`);
    }
    throw new Error('the pages lead nowhere');
  }
}
