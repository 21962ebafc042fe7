// The rules of axe, run in a page.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds in the page, and the rules that hold. */
export async function checkAccess(page) {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations, passes } = await page.evaluate('axe.run()');
  return {
    found: violations.map(({ id, help, nodes }) => [id, help, nodes.map((node) => node.html)]),
    passed: passes.map(({ id }) => id),
  };
}
