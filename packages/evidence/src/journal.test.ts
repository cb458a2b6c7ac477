import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeJournal } from './contract.js';
import { folderJournal } from './folder.js';
import { memoryJournal } from './memory.js';

describeJournal('memory', async (clock) => {
  const journal = memoryJournal({ clock });
  return { journal, cleanup: async () => journal.close?.() };
});

describeJournal('folder', async (clock) => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-journal-'));
  const journal = folderJournal({ directory, clock });
  return {
    journal,
    reopen: async () => folderJournal({ directory, clock }),
    cleanup: async () => {
      await journal.close?.();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
