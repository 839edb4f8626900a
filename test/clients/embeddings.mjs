import { assert, connect, report } from './weir.mjs';

const reply = await connect().embeddings.create({ model: 'vectors', input: ['red', 'blue'], encoding_format: 'float', dimensions: 4 });
assert.equal(reply.data.length, 2);
assert.deepEqual(reply.data[0].embedding, [0.25, -0.5, 0.75, 1]);
assert.ok(reply.usage);
await report();
