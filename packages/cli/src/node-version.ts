/**
 * Says what to install where Node is older than what this package needs; null where it is not. Has to run before anything else is loaded: an old Node
 * fails at something that says nothing of its version.
 *
 * @param version of Node, as in `process.versions.node`
 * @param needed as in `engines`: `>=22.19`
 */
export function nodeTooOld(version: string, needed: string): string | null {
  const parts = (text: string) => text.replace(/^\D*/, '').split('.').map(Number);
  const [[major = 0, minor = 0], [least = 0, atLeast = 0]] = [parts(version), parts(needed)];
  if (major > least || (major === least && minor >= atLeast)) return null;
  return `redress: this is Node ${version}, and Redress needs Node ${least}.${atLeast} or newer.\n  Install a newer one, for example with \`nvm install ${least}\` or from https://nodejs.org, and run the command again.\n`;
}
