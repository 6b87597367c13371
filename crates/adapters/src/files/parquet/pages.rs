//! Pages of a Parquet column, checked before the library believes them.
//!
//! A dictionary says how many values it has, and the library makes room for so
//! many before it reads the first: a file of two kilobytes could ask for
//! gigabytes. No dictionary has more values than its bytes hold.

use parquet::basic::Type;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

/// Pages of a column of that type.
pub(super) struct Checked {
    pages: Box<dyn PageReader>,
    /// The fewest bytes that a value takes.
    value: usize,
}

impl Checked {
    pub(super) fn new(pages: Box<dyn PageReader>, kind: Type) -> Checked {
        let value = match kind {
            Type::INT64 | Type::DOUBLE => 8,
            // A text has its length before it.
            _ => 4,
        };
        Checked { pages, value }
    }

    fn checked(&self, page: Option<Page>) -> Result<Option<Page>> {
        match page {
            Some(Page::DictionaryPage {
                buf, num_values, ..
            }) if num_values as usize > buf.len() / self.value => {
                Err(ParquetError::General(format!(
                    "a dictionary of {} bytes says it has {num_values} values",
                    buf.len()
                )))
            }
            page => Ok(page),
        }
    }
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        self.checked(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for Checked {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::Checked;
    use bytes::Bytes;
    use parquet::basic::{Encoding, Type};
    use parquet::column::page::{Page, PageMetadata, PageReader};
    use parquet::errors::Result;

    struct One(Option<Page>);

    impl Iterator for One {
        type Item = Result<Page>;

        fn next(&mut self) -> Option<Result<Page>> {
            self.get_next_page().transpose()
        }
    }

    impl PageReader for One {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(self.0.take())
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_dictionary_has_no_more_values_than_its_bytes_hold() {
        for (kind, num_values, is_legal) in [
            (Type::BYTE_ARRAY, 4, true),
            (Type::BYTE_ARRAY, 5, false),
            (Type::INT32, 4, true),
            (Type::INT64, 2, true),
            (Type::INT64, 3, false),
        ] {
            let page = Page::DictionaryPage {
                buf: Bytes::from_static(&[0; 16]),
                num_values,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            let read = Checked::new(Box::new(One(Some(page))), kind).get_next_page();
            assert_eq!(read.is_ok(), is_legal, "{kind} {num_values}");
        }
    }
}
