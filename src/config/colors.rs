//! The colors that dbt accepts as `docs.node_color`.

/// Whether a text is a name of CSS, or `#` with three or six hexadecimal digits. An empty text is
/// no setting.
pub fn is_color(text: &str) -> bool {
    let text = text.to_lowercase();
    match text.strip_prefix('#') {
        Some(digits) => {
            [3, 6].contains(&digits.len())
                && digits.chars().all(|digit| matches!(digit, '0'..='9' | 'a'..='f'))
        }
        None => text.is_empty() || NAMES.split_whitespace().any(|name| name == text),
    }
}

/// As in dbt, `gray` is not spelled `grey`.
const NAMES: &str = "
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet
    brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan
    darkblue darkcyan darkgoldenrod darkgray darkgreen darkkhaki darkmagenta darkolivegreen
    darkorange darkorchid darkred darksalmon darkseagreen darkslateblue darkslategray
    darkturquoise darkviolet deeppink deepskyblue dimgray dodgerblue firebrick floralwhite
    forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow honeydew
    hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue
    lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen lightpink lightsalmon
    lightseagreen lightskyblue lightslategray lightsteelblue lightyellow lime limegreen linen
    magenta maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen
    mediumslateblue mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream
    mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid
    palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum
    powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen
    seashell sienna silver skyblue slateblue slategray snow springgreen steelblue tan teal thistle
    tomato turquoise violet wheat white whitesmoke yellow yellowgreen
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_digits_are_colors() {
        assert!(["", "red", "Red", "#abc", "#A1B2C3"].into_iter().all(is_color));
        assert!(!["grey", "#abcd", "#ggg", "rgb(1,2,3)", "5"].into_iter().any(is_color));
    }
}
