import { expect, it } from 'vitest';
import { processIo } from './io.js';
import { print } from './output.js';

const SECRET = 'hunter2hunter2';

it.each([true, false])('prints no secret (--json: %s)', (json) => {
  let printed = '';
  const io = { ...processIo(), stdout: (text: string) => void (printed += text) };
  print(io, json, { json: { name: 'app', dbPassword: SECRET }, text: `app DB_PASSWORD=${SECRET}`, exit: 0 });
  expect(printed).toContain('app');
  expect(printed).toContain('[redacted');
  expect(printed).not.toContain(SECRET);
});
