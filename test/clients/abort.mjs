import { assert, connect, report, user, OpenAI } from './weir.mjs';

// Leaves a long stream after its first words.
const leave = new AbortController();
const stream = await connect().chat.completions.create(
  { model: 'assistant', messages: user('Count to a thousand.'), stream: true },
  { signal: leave.signal },
);
let text = '';
try {
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    if (text.length > 8) leave.abort();
  }
} catch (error) {
  assert.ok(error instanceof OpenAI.APIUserAbortError, String(error));
}
assert.match(text, /^1 2 3 4 5/);
assert.ok(text.length < 200, `the stream went on: ${text.length} characters`);
await report();
