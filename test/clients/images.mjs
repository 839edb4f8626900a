import { assert, connect, report } from './weir.mjs';

// A red dot, one pixel.
const red = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const reply = await connect().chat.completions.create({
  model: 'assistant',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What colour is this?' },
        { type: 'image_url', image_url: { url: red, detail: 'low' } },
      ],
    },
  ],
});
assert.equal(reply.choices[0].message.content, 'It is red.');
await report();
