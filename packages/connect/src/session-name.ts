// Valid role session names of STS.
const NOT_ALLOWED = /[^\w+=,.@-]+/g;

/**
 * A text as a role session name: 2 to 64 characters that STS allows. CloudTrail shows it with each call, so it should identify the caller.
 *
 * @example sessionNameOf('exec 1/2') === 'exec-1-2'
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function sessionNameOf(text: string): string {
  const name = text.replace(NOT_ALLOWED, '-').slice(0, 64);
  return name.length < 2 ? `redress${name === '' ? '' : '-'}${name}` : name;
}
