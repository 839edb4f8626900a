import { assert, connect, report, user } from './weir.mjs';

const reply = await connect().chat.completions.parse({
  model: 'assistant',
  messages: user('Extract the event: the launch is on Friday.'),
  response_format: {
    type: 'json_schema',
    json_schema: {
      name: 'event',
      strict: true,
      schema: {
        type: 'object',
        properties: { name: { type: 'string' }, day: { type: 'string' } },
        required: ['name', 'day'],
        additionalProperties: false,
      },
    },
  },
});
assert.deepEqual(JSON.parse(reply.choices[0].message.content), { name: 'launch', day: 'Friday' });
await report();
