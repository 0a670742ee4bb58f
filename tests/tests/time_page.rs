//! `docs/time.md` is true: its commands run, and they print what it says.

use nrt_tests::page::Page;

#[test]
fn every_command_of_the_page_does_what_it_says() {
    let page = Page::follow("time.md");
    assert!(page.commands >= 5, "the page has its commands");
    // The last instant, which the page says is the same in free-running time, and each time.
    for mode in ["free", "manual", "manual"] {
        let said = page.run(&format!(
            "nrt-sim run --time {mode} --models slow.toml -- ./after --wait=poll model.neff 6"
        ));
        assert!(said.contains("simulated time at the last end: 240.002 ms\n"), "{mode}: {said}");
    }
}
