import { assert, connect, report, OpenAI } from './weir.mjs';

const client = connect();
const ids = [];
for await (const model of client.models.list()) ids.push(model.id);
for (const id of ['assistant', 'locked', 'vectors', 'openai-compatible/mock-a']) assert.ok(ids.includes(id), `${id} is not in ${ids}`);
assert.equal((await client.models.retrieve('assistant')).id, 'assistant');
await assert.rejects(client.models.retrieve('nobody'), OpenAI.NotFoundError);
await report();
