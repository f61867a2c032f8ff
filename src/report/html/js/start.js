// Puts everything to work.

async function start() {
  startTheme();
  if (typeof DecompressionStream === "undefined") {
    // What is there without scripts is better than empty tables.
    document.documentElement.classList.remove("js");
    tellProblem(
      "This browser cannot inflate the list of all findings (it has no DecompressionStream). Open the page in a newer one; the most important findings are below.",
    );
    return;
  }
  new Findings(await readBlock("data-findings"));
  document.body.dataset.ready = "true";
  if (byId("inventory-grid")) {
    new PackageList(await readBlock("data-inventory"));
  }
}

start().catch((error) => {
  tellProblem(`The findings could not be shown: ${error.message}`);
});
