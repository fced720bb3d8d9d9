import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { address, entry, inLab, useLab, whyNot } from "./support";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const withoutBrowser = existsSync(CHROMIUM) ? "" : ` (not run: no ${CHROMIUM}; install the package chromium)`;

describe(`application: page in a browser${whyNot}${withoutBrowser}`, function () {
  this.timeout(20_000);
  useLab();
  // Chromium drops its connections whenever a container on the same host comes or goes (ERR_NETWORK_CHANGED).
  this.retries(3);
  let browser: Browser;

  /** Opens the page and runs a check on it; afterwards the browser must have complained about nothing unexpected. */
  const visit = async (check: (page: Page) => Promise<void>, options: BrowserContextOptions = {}, expected = /^$/) => {
    const complaints: string[] = [];
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(5000);
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.goto(`${address("loadBalancer")}/`);
      await check(page);
    } finally {
      await context.close();
    }
    // Whatever the content security policy forbids would be here too.
    assert.deepEqual(
      complaints.filter((complaint) => !expected.test(complaint)),
      [],
    );
  };

  before(async function () {
    if (withoutBrowser !== "") this.skip();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  after(() => browser?.close());

  it("asks again without a reload and counts who answered", async () => {
    await visit(async (page) => {
      await page.getByRole("button", { name: "Ask ten times" }).click();
      await page.getByText(/^11 answers so far: web-1 [56], web-2 [56]\.$/).waitFor();
      assert.equal(await page.locator("#tickets li").count(), 11);
      await page.getByRole("button", { name: "Ask again" }).click();
      await page.getByText("12 answers so far: web-1 6, web-2 6.").waitFor();
      assert.match((await page.getByRole("heading", { level: 1 }).textContent()) ?? "", /^web-[12] answered you\.$/);
    });
  });

  it("signs without a reload, and shows the entry with the machine that wrote it", async () => {
    await visit(async (page) => {
      const written = entry({ name: "<b>Ada</b>" });
      await page.getByLabel("Name").fill(written.name);
      await page.getByLabel("Message").fill(written.message);
      await page.getByRole("button", { name: "Sign the guestbook" }).click();
      await page.getByText(/^Thank you\. web-[12] wrote it to web-1\.$/).waitFor();
      const first = page.locator("#entries li").first();
      assert.equal(await first.locator("h3").textContent(), "<b>Ada</b>");
      assert.match((await first.textContent()) ?? "", /written by\s+web-[12]/);
      assert.equal(await page.getByLabel("Message").inputValue(), "");
      await page.reload();
      assert.ok((await page.locator("#entries li").first().textContent())?.includes(written.message));
      assert.equal(await page.getByLabel("Name").inputValue(), written.name);
    });
  });

  it("says at the field what is wrong", async () => {
    await visit(
      async (page) => {
        await page.getByLabel("Name").fill("Ada");
        await page.getByRole("button", { name: "Sign the guestbook" }).click();
        await page.getByText("Please fill in the message.").waitFor();
        assert.equal(await page.getByLabel("Message").getAttribute("aria-invalid"), "true");
        assert.equal(await page.evaluate("document.activeElement.id"), "message");
      },
      {},
      /status of 422/,
    );
  });

  it("sends again when the answer got lost, and is stored once", async () => {
    await visit(
      async (page) => {
        const written = entry();
        let sent = 0;
        await page.route("**/api/messages", async (route) => {
          sent++;
          if (sent > 1) return route.continue();
          await route.fetch();
          return route.abort("connectionreset");
        });
        await page.getByLabel("Name").fill(written.name);
        await page.getByLabel("Message").fill(written.message);
        await page.getByRole("button", { name: "Sign the guestbook" }).click();
        await page.getByText(/^Thank you\./).waitFor();
        assert.equal(sent, 2);
        const count = await inLab(
          "sql",
          "web-1",
          `SELECT COUNT(*) FROM application.messages WHERE message = '${written.message}'`,
        );
        assert.equal(count, "1");
      },
      {},
      /ERR_CONNECTION_RESET/,
    );
  });

  it("works with JavaScript switched off", async () => {
    await visit(
      async (page) => {
        const written = entry();
        await page.getByLabel("Name").fill(written.name);
        await page.getByLabel("Message").fill(written.message);
        await page.getByRole("button", { name: "Sign the guestbook" }).click();
        await page.getByText("Thank you. Your entry is saved.").waitFor();
        assert.ok((await page.locator("#entries li").first().textContent())?.includes(written.message));
        await page.getByRole("button", { name: "Ask again" }).click();
        await page.getByText("Your visit no. 3").waitFor();
      },
      { javaScriptEnabled: false },
    );
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [320, 1280]) {
      it(`is accessible and fits a screen ${width} px wide, ${colorScheme}`, async () => {
        await visit(
          async (page) => {
            const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
            assert.equal(overflow, 0);
            await page.addScriptTag({ content: readFileSync(require.resolve("axe-core/axe.min.js"), "utf8") });
            const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
            const violations = await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(rules)} })
            .then((result) => result.violations.map(({ id, nodes }) => [id, nodes[0].html]))`);
            assert.deepEqual(violations, []);
          },
          { colorScheme, viewport: { width, height: 800 }, bypassCSP: true },
        );
      });
    }
  }
});
