import { assert, connect, report, user } from './weir.mjs';

// Parameters that Weir does not read, and fields that nobody knows.
const reply = await connect().chat.completions.create({
  model: 'assistant',
  messages: user('Give me two likely words.'),
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { 50256: -100 },
  presence_penalty: -0.5,
  reasoning_effort: 'low',
  x_vendor: { nested: [1.5, null, 'é\u2028😀'], flag: true },
});
assert.equal(reply.choices[0].message.content, 'perhaps');
await report();
