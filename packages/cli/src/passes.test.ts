import { describe, expect, it } from 'vitest';
import { onceEach } from './passes.js';

const texts = (message: string, ...reasons: string[]) => {
  const once = onceEach(
    message,
    reasons.map((each) => ({ message: each })),
  );
  return [once.message, ...once.reasons.map((each) => each.message)];
};

describe('a reason is reported once', () => {
  it('where the message is what the guardrails said', () => {
    expect(texts('It is frozen. It is old.', 'It is frozen.', 'It is old.', 'It is late.')).toEqual([null, 'It is frozen.', 'It is old.', 'It is late.']);
  });
  it('where one cause keeps several from deciding', () => {
    expect(texts('Not decided, because it could not be read: denied', 'observation could not be read: denied', 'history could not be read: denied')).toEqual([
      null,
      'observation could not be read: denied',
    ]);
    expect(texts('', 'observation could not be read: denied', 'policy could not be read: gone')).toHaveLength(3);
  });
  it('and a message that says something else stays', () => {
    expect(texts('revoke open-1', 'It is old.')).toEqual(['revoke open-1', 'It is old.']);
    expect(texts('Nothing to change.')).toEqual(['Nothing to change.']);
  });
});
