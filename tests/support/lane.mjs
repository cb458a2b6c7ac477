// Answers for defects like `campaign/planted-lane.mjs`, without running tests: for the defect that HANGS names it loops forever, and for the one that ENDS
// names it ends.
process.on('message', ({ sound, bug }) => {
  if (sound !== undefined) return process.send({ broken: null, passed: [], failed: [] });
  if (bug.defect === process.env.HANGS) for (;;);
  if (bug.defect === process.env.ENDS) process.exit(3);
  process.send({ test: 'a test', by: String(process.pid) });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
