//! The fonts for the scripts that Typst's own fonts lack. They lie in the executable and are mapped from it: what no
//! document uses is never read. Where they come from stands in `fonts/README.md`.

macro_rules! bundled {
    ($($file:literal)+) => {
        /// One weight of each, in the order in which a character is looked for.
        pub(crate) static BUNDLED: &[&[u8]] = &[$(include_bytes!(concat!("../fonts/", $file, ".ttf")),)+];
    };
}

bundled! {
    "NotoSerifHebrew-Regular"
    "NotoNaskhArabic-Regular"
    "NotoSerifArmenian-Regular"
    "NotoSerifGeorgian-Regular"
    "NotoSerifDevanagari-Regular"
    "NotoSerifBengali-Regular"
    "NotoSerifGurmukhi-Regular"
    "NotoSerifGujarati-Regular"
    "NotoSansOriya-Regular"
    "NotoSerifTamil-Regular"
    "NotoSerifTelugu-Regular"
    "NotoSerifKannada-Regular"
    "NotoSerifMalayalam-Regular"
    "NotoSerifSinhala-Regular"
    "NotoSerifThai-Regular"
    "NotoSerifLao-Regular"
    "NotoSerifKhmer-Regular"
    "NotoSerifMyanmar-Regular"
    "NotoSerifTibetan-Regular"
    "NotoSerifEthiopic-Regular"
    "NotoSansSyriac-Regular"
    "NotoSansThaana-Regular"
    "NotoSansMongolian-Regular"
    "NotoSansCherokee-Regular"
    "NotoSansCanadianAboriginal-Regular"
    "NotoSansTifinagh-Regular"
    "NotoSansNKo-Regular"
    "NotoSansAdlam-Regular"
    "NotoSansVai-Regular"
    "NotoSansYi-Regular"
    "NotoSansJavanese-Regular"
    "DroidSansFallback"
}
