// A session of an SDK for Node: six questions, as the environment says where and with what.
//
//   node clients_node.mjs anthropic|openai

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.CLIENT_TOOLS, 'node-clients/package.json'));

const ask = {
  anthropic: () => {
    const { default: Anthropic } = require('@anthropic-ai/sdk');
    const client = new Anthropic({ maxRetries: 0 });
    return async (stream) => {
      const question = {
        model: process.env.ANTHROPIC_MODEL, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }],
      };
      const message = stream
        ? await client.messages.stream(question).finalMessage()
        : await client.messages.create(question);
      return message.content[0].text;
    };
  },
  openai: () => {
    const { default: OpenAI } = require('openai');
    const client = new OpenAI({ maxRetries: 0 });
    return async (stream) => {
      const question = { model: process.env.OPENAI_MODEL, messages: [{ role: 'user', content: 'hi' }] };
      if (!stream) return (await client.chat.completions.create(question)).choices[0].message.content;
      let text = '';
      for await (const event of await client.chat.completions.create({ ...question, stream: true })) {
        text += event.choices[0].delta.content ?? '';
      }
      return text;
    };
  },
}[process.argv[2]]();

for (let turn = 0; turn < 6; turn += 1) {
  const text = await ask(turn % 2 === 0);
  if (text.trim() !== 'hello from upstream') throw new Error(text);
  if (turn === 3) await new Promise((done) => setTimeout(done, 12500));
}
console.log('done');
