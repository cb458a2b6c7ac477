import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, sayingOf, wordsOf } from './words.js';

describe('the words of a name', () => {
  it.each([
    ['prod_bastion', ['prod', 'bastion']],
    ['bastion01', ['bastion', '01']],
    ['BastionHost', ['bastion', 'host']],
    ['SSHBastion', ['ssh', 'bastion']],
    ['MyStack-BastionSecurityGroup-1ABC', ['my', 'stack', 'bastion', 'security', 'group', '1', 'abc']],
    ['eu-west-1:bastión.a/b', ['eu', 'west', '1', 'bastion', 'a', 'b']],
    ['', []],
    ['--', []],
  ])('%s', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });
});

describe('a word in a text', () => {
  const PHRASES = ['bastion', 'jump host', 'jump', 'vpn2'];
  it.each([
    ['prod_bastion', 'bastion'],
    ['prod-bastion', 'bastion'],
    ['bastion01', 'bastion'],
    ['1bastion', 'bastion'],
    ['BastionHost', 'bastion'],
    ['prodBastion', 'bastion'],
    ['SSHBastion', 'bastion'],
    ['BASTION', 'bastion'],
    ['BASTIONs', 'bastion'],
    ['BaSTioN', 'bastion'],
    ['bastions', 'bastion'],
    ['Bastión de producción', 'bastion'],
    ['MyStack-BastionSecurityGroup-1ABC', 'bastion'],
    ['my_jumphost', 'jump host'],
    ['JumpHosts', 'jump host'],
    ['JUMP HOST', 'jump host'],
    ['jump-host-2', 'jump host'],
    ['jump_to', 'jump'],
    ['vpn-2', 'vpn2'],
    ['myVPN2', 'vpn2'],
  ])('%s has %s', (text, phrase) => {
    expect(sayingOf(text, PHRASES)).toBe(phrase);
  });
  it.each(['web', 'bastionade', 'jumper', 'jumpy', 'jumphosting', 'bastion'.slice(0, 6), 'vpn', 'vpn22', '', 'hostjump1'])('%s has none', (text) => {
    expect(sayingOf(text, PHRASES)).toBeNull();
  });
  it('may be configured in the plural, and in any spelling', () => {
    for (const phrase of ['Bastions', 'BASTION', 'bas-tion']) expect(sayingOf('prod_bastion', [phrase])).toBe(phrase);
    expect(sayingOf('reverse-proxy', ['proxies'])).toBe('proxies');
    expect(sayingOf('jump-boxes', ['JumpBox'])).toBe('JumpBox');
  });
  it('without a letter or digit matches nothing', () => {
    expect(sayingOf('a bastion', ['', ' ', '-', '*'])).toBeNull();
  });
  it('is found whatever is written around it', () => {
    const around = fc.constantFrom('', 'prod', 'eu-west-1', '01', 'SG', 'x');
    const between = fc.constantFrom('-', '_', ' ', '.', '/', ':', '1');
    const word = fc.constantFrom('bastion', 'Bastion', 'BASTION', 'bastions', 'jumphost', 'jump_host', 'JumpHost');
    fc.assert(
      fc.property(around, between, word, between, around, (before, left, said, right, after) => {
        expect(sayingOf(`${before}${left}${said}${right}${after}`, PHRASES)).not.toBeNull();
      }),
    );
  });
});

describe('a count', () => {
  it.each([
    [0, 'change', undefined, '0 changes'],
    [1, 'change', undefined, '1 change'],
    [2, 'change', undefined, '2 changes'],
    [1, 'entry', 'entries', '1 entry'],
    [21, 'entry', 'entries', '21 entries'],
  ])('%i %s', (count, one, many, said) => {
    expect(countOf(count, one, many)).toBe(said);
  });
});
