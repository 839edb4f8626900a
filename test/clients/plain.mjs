import { assert, connect, report } from './weir.mjs';

const { data, response, request_id } = await connect().chat.completions
  .create({
    model: 'assistant',
    messages: [
      { role: 'system', content: 'Answer in one sentence.' },
      { role: 'user', content: 'What is the capital of France?' },
    ],
    temperature: 0.3,
    max_completion_tokens: 100,
    seed: 7,
    stop: ['END'],
    user: 'user-1',
    metadata: { team: 'weir' },
  })
  .withResponse();
assert.equal(data.choices[0].message.content, 'Paris is the capital of France.');
assert.equal(data.choices[0].finish_reason, 'stop');
assert.ok(data.usage.total_tokens > 0);
assert.equal(data.model, 'gpt-mock-a');
assert.equal(response.headers.get('x-weir-variant'), 'baseline');
assert.match(response.headers.get('x-weir-request-id'), /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
assert.equal(request_id, 'request-of-the-client');
await report();
