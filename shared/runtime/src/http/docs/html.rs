//! HTML, written so that no text becomes markup: only words of this program go in as they are.

/// HTML under way.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text; also good inside quotes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                char => self.0.push(char),
            }
        }
        self
    }

    /// Adds text as code.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.raw("<code>").text(text).raw("</code>")
    }

    /// Adds a line of text in which what stands between backticks is code.
    pub(super) fn line(&mut self, text: &str) -> &mut Self {
        for (at, part) in text.split('`').enumerate() {
            match at % 2 {
                0 => self.text(part),
                _ => self.code(part),
            };
        }
        self
    }

    /// Adds paragraphs and lists (`* `), parted by blank lines.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
            if !block.starts_with("* ") {
                self.raw("<p>").line(block).raw("</p>\n");
                continue;
            }
            self.raw("<ul>\n");
            for item in block.trim_start_matches("* ").split("\n* ") {
                self.raw("<li>").line(item).raw("</li>\n");
            }
            self.raw("</ul>\n");
        }
        self
    }

    /// What was written.
    pub(super) fn done(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let mut html = Html::default();
        html.text("<b a=\"1\" c='2'>&</b>");
        assert_eq!(html.done(), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;");
        let mut html = Html::default();
        html.prose("One `a<b` and\ntwo.\n\n* x\n* `y`\n\n\n");
        assert_eq!(
            html.done(),
            "<p>One <code>a&lt;b</code> and\ntwo.</p>\n<ul>\n<li>x</li>\n<li><code>y</code></li>\n</ul>\n"
        );
    }
}
