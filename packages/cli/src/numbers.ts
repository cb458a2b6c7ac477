import { CliError } from './errors.js';

/**
 * The whole number that an option takes.
 *
 * @throws {CliError} `cli/usage`
 */
export function numberOf(text: string, option: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new CliError('cli/usage', `${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`);
  return value;
}
