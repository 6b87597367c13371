//! Any bytes as a header line and as a LogFormat: what is taken for a layout
//! can be written down by its own names and is then the same layout.
#![no_main]

use flowlog::Layout;
use libfuzzer_sys::fuzz_target;

fn check(layout: &Layout) {
    let names: Vec<&str> = layout
        .columns()
        .iter()
        .map(|column| column.name())
        .collect();
    let plain = names.join(" ");
    assert_eq!(Layout::from_log_format(&plain).as_ref(), Ok(layout));
    let format: Vec<String> = names.iter().map(|name| format!("${{{name}}}")).collect();
    assert_eq!(
        Layout::from_log_format(&format.join(" ")).as_ref(),
        Ok(layout)
    );
}

fuzz_target!(|data: &[u8]| {
    if let Ok(Some(layout)) = Layout::from_header(data) {
        check(&layout);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(layout) = Layout::from_log_format(text)
    {
        check(&layout);
    }
});
