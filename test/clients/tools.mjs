import { assert, connect, report } from './weir.mjs';

const client = connect();
const ask = {
  model: 'assistant',
  messages: [{ role: 'user', content: 'What is the weather in Paris and Rome?' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        description: 'Weather of a city',
        strict: true,
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
      },
    },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: true,
};
const want = [
  { id: 'call_paris', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
  { id: 'call_rome', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Rome"}' } },
];

const whole = await client.chat.completions.create(ask);
assert.equal(whole.choices[0].finish_reason, 'tool_calls');
assert.deepEqual(whole.choices[0].message.tool_calls, want);

// The library puts the pieces of a stream together by index.
const streamed = await client.chat.completions.stream(ask).finalMessage();
assert.deepEqual(streamed.tool_calls.map(({ id, type, function: f }) => ({ id, type, function: { name: f.name, arguments: f.arguments } })), want);

const second = await client.chat.completions.create({
  ...ask,
  messages: [
    ...ask.messages,
    { role: 'assistant', content: null, tool_calls: want },
    { role: 'tool', tool_call_id: 'call_paris', content: '18' },
    { role: 'tool', tool_call_id: 'call_rome', content: '24' },
  ],
});
assert.equal(second.choices[0].message.content, 'Paris 18 °C, Rome 24 °C.');
await report();
