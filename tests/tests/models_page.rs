//! `docs/models.md` is true: its files are written, its commands run, and they print what it says.

use nrt_tests::page::Page;

#[test]
fn every_command_of_the_page_does_what_it_says() {
    let page = Page::follow("models.md");
    assert!(page.commands >= 10, "the page has its commands");
    // The file with everything in it is valid, too.
    page.run("nrt-sim run --models every.toml -- true");
}
