import { assert, connect, report, user, OpenAI } from './weir.mjs';

// fails runs a call and gives the error, which must be of a class of the library.
async function fails(kind, call) {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof kind, `${kind.name} wanted, got ${error.constructor.name}: ${error.message}`);
    return error;
  }
  assert.fail(`${kind.name} wanted, but the call went through`);
}

const client = connect();
const create = (body, options) => client.chat.completions.create(body, options);

// Refused by Weir: nothing reaches the upstream.
let e = await fails(OpenAI.NotFoundError, create({ model: 'asistant', messages: user('Hello') }));
assert.match(e.message, /did you mean "assistant"/);
assert.equal(e.code, 'model_not_found');
assert.equal(e.param, 'model');
await fails(OpenAI.NotFoundError, create({ model: 'asistant', messages: user('Hello'), stream: true }));

e = await fails(OpenAI.BadRequestError, create({ model: 'assistant', messages: 'Hello' }));
assert.equal(e.param, 'messages');
assert.equal(e.type, 'invalid_request_error');
await fails(OpenAI.BadRequestError, create({ model: 7, messages: user('Hello') }));
await fails(OpenAI.BadRequestError, create({ messages: user('Hello') }));

const raw = (body) => client.post('/chat/completions', { body, headers: { 'content-type': 'application/json' } });
await fails(OpenAI.BadRequestError, raw('{"model":"assistant","messages":[{"role":"user","content":"Hel'));
e = await fails(OpenAI.BadRequestError, raw('{"model":"assistant","model":"locked","messages":[]}'));
assert.match(e.message, /model/);
await fails(OpenAI.BadRequestError, raw('["assistant"]'));

await fails(OpenAI.AuthenticationError, connect({ apiKey: 'weir_nobody' }).chat.completions.create({ model: 'assistant', messages: user('Hello') }));
await fails(OpenAI.NotFoundError, client.post('/responses/compact/now', { body: {} }));

// The upstream's own words, passed on.
e = await fails(OpenAI.RateLimitError, create({ model: 'assistant', messages: user('Too many requests') }));
assert.equal(e.headers.get('retry-after'), '7');
assert.match(e.message, /slow down/);
e = await fails(OpenAI.BadRequestError, create({ model: 'assistant', messages: user('A prompt that is too long') }));
assert.equal(e.code, 'context_length_exceeded');

// The upstream refuses Weir's credential: that is not the client's to mend.
e = await fails(OpenAI.InternalServerError, create({ model: 'locked', messages: user('Hello') }));
assert.equal(e.status, 502);
assert.equal(e.code, 'upstream_auth');
await report();
