// What the scripts of this folder share: a client of the npm package `openai` that
// speaks to Weir, and keeps each reply as it came, so that the test that started
// the script can check it. A script ends with 0 when all it saw was right.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

export { assert, OpenAI };

const replies = [];

// keep is a fetch that reads every reply a second time.
async function keep(url, init) {
  const reply = await fetch(url, init);
  const { pathname } = new URL(url);
  replies.push(
    reply.clone().text().then(
      (body) => ({ path: pathname, status: reply.status, type: reply.headers.get('content-type'), body }),
      () => null, // left by the client: there is no whole reply
    ),
  );
  return reply;
}

// A client as an application would have one: with an organisation, a project and
// headers of its own, none of which are anything to the upstream.
export function connect(options = {}) {
  return new OpenAI({
    baseURL: process.env.WEIR_URL + '/v1',
    apiKey: process.env.WEIR_KEY,
    organization: 'org-of-the-client',
    project: 'project-of-the-client',
    defaultHeaders: { 'x-user-id': 'user-of-the-client', cookie: 'session=of-the-client', 'x-request-id': 'request-of-the-client' },
    maxRetries: 0,
    timeout: 20_000,
    fetch: keep,
    ...options,
  });
}

// report hands the replies to the test.
export async function report() {
  const whole = (await Promise.all(replies)).filter((reply) => reply !== null);
  process.stdout.write(JSON.stringify(whole));
}

export const user = (content) => [{ role: 'user', content }];
