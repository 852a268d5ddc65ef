// A person at a web page, without a browser: keeps cookies, follows redirects, fills in forms.

import http from 'node:http';

/** One who sees `https://HOST` at a loopback address, as `--connect-to` makes the engine see it. */
export class Person {
  constructor(host, port) {
    this.host = host;
    this.port = port;
    this.cookies = new Map();
  }

  /** Goes to a page; follows redirects up to one that leaves the host and is no callback on loopback. */
  async visit(url, form) {
    const target = new URL(url);
    const { status, headers, body } = await this.#send(target, form);
    for (const cookie of headers['set-cookie'] ?? []) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      value ? this.cookies.set(name, value) : this.cookies.delete(name);
    }
    if (status >= 300 && status < 400) return this.visit(new URL(headers.location, url).href);
    return { url, status, body };
  }

  /** Sends the page's form, with the fields that are hidden and these. */
  submit(page, fields) {
    const action = page.body.match(/<form[^>]*action="([^"]*)"/)?.[1];
    if (action === undefined) throw new Error(`no form at ${page.url} (${page.status}):\n${page.body}`);
    const form = new URLSearchParams();
    for (const [input] of page.body.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      form.set(input.match(/name="([^"]*)"/)[1], input.match(/value="([^"]*)"/)?.[1] ?? '');
    }
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    return this.visit(new URL(action || page.url, page.url).href, form.toString());
  }

  #send(target, form) {
    const port = target.host === this.host ? this.port : target.port;
    const headers = { host: target.host, cookie: [...this.cookies].map((pair) => pair.join('=')).join('; ') };
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    const path = target.pathname + target.search;
    return new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port, path, headers, method: form === undefined ? 'GET' : 'POST' });
      request.on('error', reject).on('response', async (response) => {
        let body = '';
        for await (const part of response.setEncoding('utf8')) body += part;
        resolve({ status: response.statusCode, headers: response.headers, body });
      });
      request.end(form);
    });
  }
}
