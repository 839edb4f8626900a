import { assert, connect, report, user } from './weir.mjs';

// Usage is asked for upstream either way; the client sees it when it asked.
for (const usage of [false, true]) {
  const stream = await connect().chat.completions.create({
    model: 'assistant',
    messages: user('What is the capital of France?'),
    stream: true,
    ...(usage && { stream_options: { include_usage: true } }),
  });
  let text = '';
  let finish = null;
  let counted = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    if (chunk.usage) counted++;
    assert.equal(chunk.model, 'gpt-mock-a');
  }
  assert.equal(text, 'Paris is the capital of France.');
  assert.equal(finish, 'stop');
  assert.equal(counted, usage ? 1 : 0);
}
await report();
