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
  it('if the message repeats what the guardrails reported', () => {
    expect(texts('It is frozen. It is old.', 'It is frozen.', 'It is old.', 'It is late.')).toEqual([null, 'It is frozen.', 'It is old.', 'It is late.']);
  });
  it('if one cause keeps several guardrails from deciding', () => {
    expect(texts('Not decided, because it could not be read: denied', 'observation could not be read: denied', 'history could not be read: denied')).toEqual([
      null,
      'observation could not be read: denied',
    ]);
    expect(texts('', 'observation could not be read: denied', 'policy could not be read: gone')).toHaveLength(3);
  });
  it('and a message with other information stays', () => {
    expect(texts('revoke open-1', 'It is old.')).toEqual(['revoke open-1', 'It is old.']);
    expect(texts('Nothing to change.')).toEqual(['Nothing to change.']);
  });
});
