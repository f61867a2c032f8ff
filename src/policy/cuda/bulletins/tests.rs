//! The shipped list, and what is wrong with others.

use proptest::prelude::*;

use super::*;

#[test]
fn the_shipped_list_is_complete_and_without_branch_slips() {
    let bulletins = Bulletins::shipped();
    assert_eq!(bulletins.iter().count(), 182);
    let with = |hint| bulletins.iter().filter(|(_, e)| e.hint == hint).count();
    assert_eq!(with(Hint::HostDriver), 134);
    assert_eq!(with(Hint::HostDriverIfImageShipsNone), 31);
    assert_eq!(with(Hint::Review), 17);
    assert_eq!(bulletins.data_date().to_string(), "2026-09-30");
    for (id, entry) in bulletins.iter() {
        assert!(entry.published <= bulletins.data_date(), "{id}");
        assert!(!entry.sources.is_empty(), "{id}");
        assert!(
            entry.hint == Hint::Review || !entry.fixed.is_empty(),
            "{id}"
        );
        for (branch, version) in &entry.fixed {
            assert_eq!(version.branch(), *branch, "{id}");
            assert!(bulletins.branch(*branch).is_some(), "{id}: {branch}");
        }
    }
}

#[test]
fn versions_are_the_cautious_ones() {
    for (id, branch, expected) in [
        // The later bulletin 5520 and Debian's changelog add branches.
        ("CVE-2022-42265", 470, "470.239.06"),
        ("CVE-2022-42265", 525, "525.60.11"),
        // The higher of what NVIDIA's table and Debian's changelog say.
        ("CVE-2022-28192", 510, "510.73.08"),
        ("CVE-2026-47600", 580, "580.178.04"),
    ] {
        let (_, entry) = Bulletins::shipped().get(&AdvisoryId::new(id)).unwrap();
        let fixed = entry.fixed.get(&DriverBranch(branch)).unwrap();
        assert_eq!(fixed.to_string(), expected, "{id}");
    }
    // The updater of a user-mode library, and no helper of the desktop.
    let updater = AdvisoryId::new("CVE-2026-47504");
    let (_, updater) = Bulletins::shipped().get(&updater).unwrap();
    assert_eq!(
        (updater.component, updater.hint),
        (Component::UserMode, Hint::Review)
    );
    let wrapped = AdvisoryId::new("DEBIAN-CVE-2026-47600");
    assert!(Bulletins::shipped().get(&wrapped).is_some());
}

#[test]
fn every_problem_of_a_file_is_told_with_its_place() {
    let text = "\
version: 1
data-date: 2026-11-01
branches:
  R640: {kind: productoin, end-of-life: 2027}
  640: {}
vulnerabilities:
  CVE-2026-50001:
    bulletin: 5900
    published: 2026-10-30
    component: kernel-mode
    hint: host_drivr
    fixed: {R535: 575.274.02, R390: 390.157, R580: 580.abc}
  GHSA-aaaa-bbbb-cccc:
    bulletin: 5900
    published: tomorrow
    component: unspecified
    hint: host_driver
";
    let errors = Bulletins::parse(text, "my.yaml").unwrap_err().to_string();
    for part in [
        "my.yaml:4:16: branches.R640.kind: expected one of",
        "did you mean `production`?",
        "my.yaml:4:41: branches.R640.end-of-life: expected text, found the number 2027",
        "my.yaml:5:3: branches.640: expected a branch",
        "my.yaml:10:16: vulnerabilities.CVE-2026-50001.component: expected one of",
        "did you mean `kernel_mode`?",
        "did you mean `host_driver`?",
        "575.274.02 is a version of branch R575, not of R535",
        "found the number 390.157",
        "put it into quotes",
        "`580.abc` is not a version",
        "my.yaml:13:3: vulnerabilities.GHSA-aaaa-bbbb-cccc: expected the id of a CVE",
        "expected an existing day",
        "`host_driver` cannot be right for the component `unspecified`",
    ] {
        assert!(errors.contains(part), "{part}\n--\n{errors}");
    }
}

#[test]
fn a_file_that_is_no_list_is_refused() {
    for (text, part) in [
        ("", "expected keys and values"),
        ("[]", "expected keys and values"),
        ("version: 2\ndata-date: 2026-11-01\n", "expected `1`"),
        ("version: 1\n", "`data-date` is missing"),
        (
            "version: 1\ndata-date: 2026-11-01\nvuln: {}\n",
            "unknown key",
        ),
        ("a: [", "not a list of bulletins"),
        (
            "version: 1\ndata-date: 2026-11-01\nvulnerabilities:\n  CVE-2026-1234: &a {bulletin: 1, \
                 published: 2026-10-01, component: firmware, hint: review}\n  cve-2026-1234: *a\n",
            "twice",
        ),
    ] {
        let errors = Bulletins::parse(text, "x").unwrap_err().to_string();
        assert!(errors.contains(part), "{text:?}: {errors}");
    }
}

#[test]
fn a_file_on_top_replaces_and_adds() {
    let text = "\
version: 1
data-date: 2026-01-01
vulnerabilities:
  CVE-2026-47600: {bulletin: 5861, published: 2026-09-30, component: kernel_mode, hint: review}
  CVE-2026-59999:
    bulletin: A-1
    published: 2026-12-01
    component: firmware
    hint: host_driver
    fixed: {R620: 620.10.01}
    sources: [own]
";
    let both = Bulletins::shipped().extended_with(&Bulletins::parse(text, "x").unwrap());
    assert_eq!(both.iter().count(), 183);
    let entry = |id| both.get(&AdvisoryId::new(id)).unwrap().1;
    assert_eq!(entry("CVE-2026-47600").hint, Hint::Review);
    assert_eq!(entry("CVE-2026-59999").bulletin, "A-1");
    assert_eq!(both.data_date(), Bulletins::shipped().data_date());
    assert!(both.branch(DriverBranch(580)).is_some());
}

proptest! {
    #[test]
    fn any_text_gives_a_list_or_problems(
        text in "\\PC{0,60}|(version: 1\ndata-date: 2026-11-01\n)?((vulnerabilities|branches|  R5|  CVE-2026-1234|    fixed): ?[\\[{\"'*&!-]{0,3}\n?){0,6}"
    ) {
        if let Err(errors) = Bulletins::parse(&text, "b.yaml") {
            prop_assert!(!errors.problems.is_empty());
        }
    }
}
