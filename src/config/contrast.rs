/// Returns black or white, the one with more contrast to a colour `#rrggbb` (relative luminance, WCAG 2.2).
pub fn contrasting_colour(colour: &str) -> &'static str {
    let channel = |from: usize| {
        let value = colour.get(from..from + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let value = f64::from(value.unwrap_or_default()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
    // At this luminance black and white have the same contrast.
    if luminance > 0.179 { "#000000" } else { "#ffffff" }
}
