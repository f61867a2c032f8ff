//! The colours, in one place. Every text is complete without them.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::model::{Action, Severity};

/// What a piece of text means to the reader; the theme says how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The run or a scanner is fine.
    Good,
    /// Look at it.
    Attention,
    /// It fails the run, or a scanner failed.
    Bad,
    /// The worst that there is.
    Worst,
    /// A title.
    Heading,
    /// Beside the point.
    Quiet,
    /// Nothing special.
    Plain,
}

impl Tone {
    /// How it looks: the one table of colours. Only the eight basic ones, which every terminal
    /// theme sets so that they can be read.
    pub fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default().bold(),
            Self::Attention => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Worst => AnsiColor::Red.on_default().bold(),
            Self::Heading => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Plain => Style::new(),
        }
    }

    /// `text` in this tone; as it is when `color` is false.
    pub fn paint(self, text: impl Display, color: bool) -> String {
        if color && self != Self::Plain {
            let style = self.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }
}

impl From<Severity> for Tone {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Worst,
            Severity::High => Self::Bad,
            Severity::Medium => Self::Attention,
            Severity::Low | Severity::Negligible => Self::Quiet,
            Severity::Unknown => Self::Plain,
        }
    }
}

impl From<Action> for Tone {
    fn from(action: Action) -> Self {
        match action {
            Action::Block => Self::Worst,
            Action::Warn => Self::Attention,
            Action::Track => Self::Plain,
            Action::Ignore => Self::Quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_the_text_stays_as_it_is() {
        assert_eq!(Tone::Bad.paint("high", false), "high");
        assert_eq!(Tone::Bad.paint("high", true), "\u{1b}[31mhigh\u{1b}[0m");
    }
}
