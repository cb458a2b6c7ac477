import { parseDuration } from '@redress/core';
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

/**
 * The moment that an option takes, as a duration back from now or as itself; epoch milliseconds.
 *
 * @throws {CliError} `cli/usage`
 */
export function momentOf(text: string, option: string, now: number): number {
  const duration = parseDuration(text);
  if (duration !== null && duration > 0) return now - duration;
  const moment = /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment))
    throw new CliError('cli/usage', `${option} ${JSON.stringify(text)} is neither a duration nor a time.`, {
      next: `For example: ${option} 1h, or ${option} 2026-12-31T22:00:00Z`,
    });
  return moment;
}
