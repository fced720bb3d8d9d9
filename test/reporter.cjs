// Mocha's usual report, then what did not run and why, then one line that people and machines can read.
const { reporters } = require("mocha");

class Reporter extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const skipped = [];
    this.runner.suite.eachTest((test) => {
      if (test.isPending()) skipped.push(test.fullTitle());
    });
    if (skipped.length > 0) {
      console.log("Not run here:");
      for (const title of skipped) console.log(`  - ${title}`);
      console.log();
    }
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  }
}

module.exports = Reporter;
