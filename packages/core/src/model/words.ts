/**
 * The words of a name: `prod_bastion`, `bastion01`, `BastionHost` and `MyStack-BastionSecurityGroup-1ABC` all have the word `bastion`. Words are in
 * lower case, without accents. A run of digits is a separate word.
 *
 * @example wordsOf('MyStack-SSHBastion01') // ['my', 'stack', 'ssh', 'bastion', '01']
 */
export function wordsOf(text: string): readonly string[] {
  return chunksOf(text).flatMap((chunk) => lower(chunk.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')));
}

/**
 * The first of some phrases that a text contains, or null. Only whole words match, however they are joined, in the singular or the plural. A phrase
 * of several words matches their sequence, so that `jump host` is found in `my_jumphost`, `JumpHosts` and `jump-host-2`.
 *
 * Unusual case (`BASTIONs`, `JumpHOst`) hides no word.
 *
 * @param phrases as people write them. A phrase without a letter or digit never matches.
 * @example sayingOf('MyStack-BastionSecurityGroup-1ABC', ['bastion', 'jump host']) // 'bastion'
 */
export function sayingOf(text: string, phrases: readonly string[]): string | null {
  const readings = [wordsOf(text), chunksOf(text).flatMap(lower)];
  return (
    phrases.find((phrase) => {
      const joined = joinedOf(phrase);
      return readings.some((words) => isIn(joined, words));
    }) ?? null
  );
}

/** Phrases are few, and are those of a program or of its policy; what is asked of them is each tag and each name of an account. */
const joinedPhrases = new Map<string, string>();
const KEPT_PHRASES = 1000;

/** The words of a phrase, written together. */
function joinedOf(phrase: string): string {
  const known = joinedPhrases.get(phrase);
  if (known !== undefined) return known;
  const joined = wordsOf(phrase).join('');
  if (joinedPhrases.size < KEPT_PHRASES) joinedPhrases.set(phrase, joined);
  return joined;
}

/** Letters that stand together, and digits that do; accents are dropped. */
function chunksOf(text: string): readonly string[] {
  return (
    text
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .match(/\p{L}+|\p{N}+/gu) ?? []
  );
}

const lower = (text: string) => text.toLowerCase().split(' ');

/** Whether words that follow one another are the phrase, written together. */
function isIn(phrase: string, words: readonly string[]): boolean {
  if (phrase === '') return false;
  const wanted = numbersOf(phrase);
  return words.some((_, from) => {
    let joined = '';
    for (const word of words.slice(from)) {
      joined += word;
      if (numbersOf(joined).some((each) => wanted.includes(each))) return true;
      // A plural is longer than its phrase.
      if (joined.length > phrase.length + 'es'.length) return false;
    }
    return false;
  });
}

/** A word as it is, and what it would be in the singular: `boxes` is one `box`, `proxies` are one `proxy`. */
function numbersOf(word: string): readonly string[] {
  return [word, ...[word.replace(/s$/, ''), word.replace(/es$/, ''), word.replace(/ies$/, 'y')].filter((each) => each.length > 1)];
}

/**
 * A count with its noun.
 *
 * @param one the noun in the singular.
 * @param many the noun in the plural; default: the singular with an *s*.
 * @example countOf(1, 'change') // '1 change'
 * @example countOf(2, 'entry', 'entries') // '2 entries'
 */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
