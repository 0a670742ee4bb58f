//! `docs/migration.md` is true: its commands run, and they print what it says.

use nrt_tests::page::Page;

#[test]
fn every_command_of_the_page_does_what_it_says() {
    let page = Page::follow("migration.md");
    assert!(page.commands >= 15, "the page has its commands");
    let said = page.run("cat report.html");
    assert!(said.contains("<svg") && said.contains("lost unit"), "{said}");
}
