//! Where the report goes, in which formats.

mod file;

use std::path::{Path, PathBuf};

use clap::Args;

use super::common::{Hyperlinks, PageArgs, no_such_format, print, say};
use super::error::Error;
use crate::bundle;
use crate::model::report::Report;
use crate::report::{self, Format, Options, ReportFile};

/// How the report is shown.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Formats of the report, separated by commas, each with or without a file: html=out/report.html
    ///
    /// One format alone goes to standard output. Of several, those for a terminal (table, compact, wide)
    /// go to standard output, the others to files of their own names (report.html) in the directory of
    /// --report-dir. NAME=FILE writes to that file, NAME=- to standard output. `crosscheck report --help`
    /// lists all formats.
    #[arg(
        long,
        value_name = "NAME[=FILE]",
        default_value = "table",
        value_delimiter = ',',
        value_parser = parse_destination
    )]
    format: Vec<Destination>,

    /// Directory for reports without a file name of their own [default: the run's directory; without
    /// a run the working directory]
    #[arg(long, value_name = "DIR")]
    report_dir: Option<PathBuf>,

    /// Show every row of the table, tracked findings and notes included
    #[arg(long)]
    all: bool,

    /// Write ignored findings also to formats that leave them out because their readers would show
    /// them as open (sarif marks them as suppressed)
    #[arg(long)]
    include_ignored: bool,

    #[command(flatten)]
    page: PageArgs,

    /// When ids of vulnerabilities are links to their pages (OSC 8)
    #[arg(long, value_enum, default_value_t)]
    hyperlinks: Hyperlinks,
}

/// A format, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Destination {
    format: Format,
    /// `None` where the user leaves it to us.
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    StandardOutput,
    File(PathBuf),
}

fn parse_destination(text: &str) -> Result<Destination, String> {
    let (name, place) = match text.split_once('=') {
        None => (text, None),
        Some((name, "-")) => (name, Some(Place::StandardOutput)),
        Some((_, "")) => return Err("a file name is missing after `=`".to_owned()),
        Some((name, path)) => (name, Some(Place::File(path.into()))),
    };
    let known: Vec<&str> = Format::ALL.iter().copied().map(Format::name).collect();
    let format = Format::from_name(name).ok_or_else(|| no_such_format(&known))?;
    Ok(Destination { format, place })
}

/// What a command reads or writes besides, and so must not write over.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources<'a> {
    /// The run that is read or made; reports without a name go there.
    run: Option<&'a Path>,
    /// Files that are read.
    files: Vec<PathBuf>,
    /// The run's own JSON report, which is written in any case.
    json: Option<PathBuf>,
}

impl<'a> Sources<'a> {
    /// A run that is read.
    pub(super) fn run(directory: &'a Path) -> Self {
        Self {
            run: Some(directory),
            ..Self::default()
        }
    }

    /// A run that is made.
    pub(super) fn new_run(directory: &'a Path) -> Self {
        Self {
            json: Some(directory.join(Format::JSON.file_name())),
            ..Self::run(directory)
        }
    }

    /// Files; reports without a name go to the working directory.
    pub(super) fn files<'f>(files: impl IntoIterator<Item = &'f PathBuf>) -> Self {
        Self {
            files: files.into_iter().cloned().collect(),
            ..Self::default()
        }
    }

    /// Why a file must not be written.
    fn protect(&self, format: Format, path: &Path) -> Option<&'static str> {
        let real = file::real(path);
        if self.files.iter().any(|source| file::real(source) == real) {
            return Some("it is read by this very command");
        }
        let json = self.json.as_deref();
        if format != Format::JSON && json.is_some_and(|json| file::real(json) == real) {
            return Some("the run's JSON report is written there");
        }
        let run = self.run?;
        let inside = real.strip_prefix(file::real(run)).ok()?.to_owned();
        bundle::is_record(&inside).then_some("it is a part of the run")
    }
}

/// What goes where.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    standard_output: Option<Format>,
    files: Vec<(Format, PathBuf)>,
}

impl OutputArgs {
    /// What goes where. Whatever cannot be carried out is told before any work is done.
    pub(super) fn plan(&self, sources: &Sources<'_>) -> Result<Plan, Error> {
        let folder = self.report_dir.as_deref().or(sources.run);
        let folder = folder.unwrap_or(Path::new(""));
        let is_alone = self.format.len() == 1;
        let mut plan = Plan::default();
        for Destination { format, place } in &self.format {
            let path = match place {
                Some(Place::File(path)) => path.clone(),
                None if !is_alone && !format.is_page() => folder.join(format.file_name()),
                None | Some(Place::StandardOutput) => {
                    if let Some(other) = plan.standard_output.replace(*format) {
                        return Err(Error::usage(format!(
                            "--format: {} and {} would both go to standard output; give one of them \
                             a file, as {}=FILE",
                            other.name(),
                            format.name(),
                            format.name()
                        )));
                    }
                    continue;
                }
            };
            if let Some(reason) = sources.protect(*format, &path) {
                return Err(Error::usage(format!(
                    "--format: {}: {reason}; give another file",
                    path.display()
                )));
            }
            let real = file::real(&path);
            let mut files = plan.files.iter();
            if let Some((other, _)) = files.find(|(_, other)| file::real(other) == real) {
                return Err(Error::usage(format!(
                    "--format: {} and {} would both go to {}; give each a file of its own",
                    other.name(),
                    format.name(),
                    path.display()
                )));
            }
            plan.files.push((*format, path));
        }
        self.check_directories()?;
        Ok(plan)
    }

    /// Refuses files whose directory is not there. The run's own directory may not be there yet.
    fn check_directories(&self) -> Result<(), Error> {
        let named = self
            .format
            .iter()
            .filter_map(|destination| match &destination.place {
                Some(Place::File(path)) => path.parent(),
                _ => None,
            });
        for directory in named.chain(self.report_dir.as_deref()) {
            let is_there = directory.as_os_str().is_empty() || directory.is_dir();
            if !is_there {
                return Err(Error::usage(format!(
                    "{}: no such directory; make it, or give a file somewhere else",
                    directory.display()
                )));
            }
        }
        Ok(())
    }

    /// Writes the files, then what goes to standard output. `written` is there already. A file that
    /// cannot be written keeps nothing else from being written.
    pub(super) fn write(
        &self,
        plan: &Plan,
        report: &Report,
        written: Option<ReportFile>,
    ) -> Result<(), Error> {
        let mut problems = Vec::new();
        let page = self.page.options();
        let mut options = Options {
            hyperlinks: self.hyperlinks.are_shown(page.color),
            rows: (!self.all).then_some(Options::DEFAULT_ROWS),
            include_ignored: self.include_ignored,
            files: written.into_iter().collect(),
            ..page
        };
        for (format, path) in &plan.files {
            let is_there = |file: &ReportFile| {
                file.format == *format && file::real(Path::new(&file.path)) == file::real(path)
            };
            if options.files.iter().any(is_there) {
                continue;
            }
            warn(*format, report, &options);
            let text = Options {
                color: false,
                hyperlinks: false,
                ..options.clone()
            };
            match file::write(path, |out| report::write(*format, report, &text, out)) {
                Ok(file::Written::Whole) => options.files.push(ReportFile {
                    format: *format,
                    path: path.display().to_string(),
                }),
                // The warning said why.
                Ok(file::Written::Nothing) => {}
                Err(error) => problems.push(format!(
                    "{}: cannot be written: {error}; give another file with --format {}=FILE",
                    path.display(),
                    format.name()
                )),
            }
        }
        if let Some(format) = plan.standard_output {
            warn(format, report, &options);
            if let Err(error) = print(|out| report::write(format, report, &options, out)) {
                problems.extend(error.into_lines());
            }
        } else {
            // Somebody who looks at the log wants to know the answer and where it is.
            say(&report::sentence(report));
            for file in &options.files {
                say(&format!("{}: {}", file.format.name(), file.path));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::usages(problems))
        }
    }
}

fn warn(format: Format, report: &Report, options: &Options) {
    for warning in report::warnings(format, report, options) {
        say(&format!("warning: {warning}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(formats: &str) -> OutputArgs {
        let formats = formats.split(',').map(parse_destination);
        OutputArgs {
            format: formats.collect::<Result<_, _>>().unwrap(),
            report_dir: None,
            all: false,
            include_ignored: false,
            page: PageArgs::default(),
            hyperlinks: Hyperlinks::default(),
        }
    }

    #[test]
    fn one_format_goes_to_standard_output_and_several_to_files() {
        let run = Sources::run(Path::new("run"));
        let folder = Path::new("run");
        let plan = args("json").plan(&run).unwrap();
        assert_eq!(plan.standard_output, Some(Format::JSON));
        assert!(plan.files.is_empty());

        let plan = args("table,json,openvex=vex.json").plan(&run).unwrap();
        assert_eq!(plan.standard_output, Some(Format::TABLE));
        assert_eq!(
            plan.files,
            [
                (Format::JSON, folder.join("report.json")),
                (Format::OPENVEX, "vex.json".into())
            ]
        );

        let plan = args("table=report.txt,json=-").plan(&run).unwrap();
        assert_eq!(plan.standard_output, Some(Format::JSON));
        assert_eq!(plan.files, [(Format::TABLE, "report.txt".into())]);
    }

    #[test]
    fn two_formats_never_go_to_one_place() {
        for formats in [
            "table=-,json=-",
            "table=a,json=a",
            "table=a,json=./a",
            "json,json",
        ] {
            assert!(
                args(formats).plan(&Sources::run(Path::new("run"))).is_err(),
                "{formats}"
            );
        }
    }

    #[test]
    fn a_destination_needs_a_known_format_and_a_file() {
        for text in ["", "pdf", "json=", "=x", "JSON"] {
            assert!(parse_destination(text).is_err(), "{text}");
        }
    }
}
