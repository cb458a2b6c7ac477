import { describe, expect, it } from 'vitest';
import { columns, cutMiddle, padded, widthOf, wrapped } from './text.js';

const plain = (_: string, text: string) => text;

describe('text for a terminal', () => {
  it('is measured as it is displayed', () => {
    expect([widthOf('abc'), widthOf('数据'), widthOf('👩‍👩‍👧'), widthOf('é')]).toEqual([3, 4, 2, 1]);
    expect(padded('数据', 6)).toBe('数据  ');
    expect(padded('7', 3, 'right')).toBe('  7');
  });

  it('is wrapped at words, keeps its margin, and breaks long words', () => {
    expect(wrapped('one two three four five', 20, 10, '  why     ')).toEqual(['  why     one two', '          three four', '          five']);
    expect(wrapped('short', 20, 4)).toEqual(['short']);
    expect(wrapped('a'.repeat(25), 10)).toEqual(['a'.repeat(10), 'a'.repeat(10), 'a'.repeat(5)]);
    expect(wrapped('arn:aws:iam::111111111111', 16, 4, '  ')).toEqual(['  arn:aws:iam:', '    :11111111111', '    1']);
  });

  it('is cut in the middle, since ids differ at their ends', () => {
    expect(cutMiddle('sg-0123456789abcdef', 11)).toBe('sg-01…bcdef');
    expect(cutMiddle('short', 11)).toBe('short');
    expect(cutMiddle('数据库数据库', 7)).toBe('数据…库');
    expect([cutMiddle('abc', 1), cutMiddle('abc', 0)]).toEqual(['…', '']);
  });
});

describe('a table', () => {
  const heads = [{ title: 'remediator' }, { title: 'fixed', numbers: true }];
  it('has numbers aligned to the right', () => {
    expect(
      columns(
        heads,
        [
          ['a', '7'],
          ['bb', '1234567'],
        ],
        40,
        plain,
      ),
    ).toEqual(['remediator    fixed', 'a                 7', 'bb          1234567']);
  });
  it('cuts its first column if necessary', () => {
    const [, row = ''] = columns(heads, [['x'.repeat(60), '7']], 30, plain);
    expect([widthOf(row), row]).toEqual([30, `${'x'.repeat(11)}…${'x'.repeat(11)}      7`]);
  });
  it('becomes a block for each row if even that is not enough', () => {
    const many = [{ title: 'remediator' }, ...['fixed', 'flagged', 'approval', 'held back'].map((title) => ({ title }))];
    expect(columns(many, [['ec2-revoke-sg-open-ssh', '1', '', '2', '3']], 40, plain)).toEqual([
      'ec2-revoke-sg-open-ssh',
      '  fixed: 1',
      '  approval: 2',
      '  held back: 3',
    ]);
  });
});
