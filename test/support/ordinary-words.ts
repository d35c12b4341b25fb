/** Sentences without links, as people write them to each other, in several scripts and with the marks that get near to syntax. */
const SENTENCES: readonly string[] = [
  "hi",
  "ok",
  ":-)",
  "Are you there?",
  "Lunch at 12:30? I'd say the usual place.",
  "I will be 5 minutes late, sorry!!!",
  "The total is $1,299.00 (incl. 19% VAT).",
  "see you tomorrow :) <3",
  "a < b && b > c || !d",
  "if (x != null) { return x; }",
  "Price/performance: 10/10, would buy again.",
  "C:\\ is full again",
  "He said \"no\", she said 'maybe'.",
  "line one\r\nline two\r\n\r\nline four",
  "unix\nlines\nhere",
  "tabs\tand\ttabs",
  "we begin 100 metres from here",
  "-- \r\nAlice",
  "--b1 is a label, --b1-- another",
  "Content-Type is a header, isn't it?",
  "From: is a header too",
  "50% off = half the price; =20 is odd",
  "* star\r\n* star\r\n1. one\r\n2. two",
  "Grüße aus München, schönes Wochenende!",
  "Ça va? Très bien, merci. À bientôt",
  "¿Dónde estás? ¡Ven ya!",
  "Привет! Как дела? Всё хорошо.",
  "Καλημέρα, τι κάνεις;",
  "שלום, מה שלומך?",
  "مرحبا كيف حالك؟",
  "你好,今天开会吗?",
  "お疲れ様です。会議は三時からです。",
  "안녕하세요, 회의는 세 시입니다.",
  "สวัสดีครับ ประชุมกี่โมง",
  "नमस्ते, बैठक कब है?",
  "👍🏽 great 🎉 see you 👩‍👩‍👧‍👦",
  "Dr. Müller's report, vol. 2, pp. 14-17",
  "Temperature: -3 °C … brrr",
  "call me at extension 4711",
  "room B-204 @ 3pm",
  "v1.2 is out, v1.3 follows",
  "?!",
  "{curly} [square] (round) <angle>",
  "{\\o/}",
  "100 % sure; 0 doubts",
  "well... maybe not",
];

/** Sentence `i`, or several of them one behind another. */
export function sentence(random: () => number): string {
  const count = random() < 0.7 ? 1 : 1 + Math.floor(random() * 4);
  const chosen: string[] = [];
  for (let i = 0; i < count; i++)
    chosen.push(SENTENCES[Math.floor(random() * SENTENCES.length)] ?? "hi");
  return chosen.join(" ");
}

/** One that is written in ASCII. */
export function asciiSentence(random: () => number): string {
  for (let tries = 0; tries < 100; tries++) {
    const text = sentence(random);
    // eslint-disable-next-line no-control-regex -- ASCII is what is asked
    if (/^[\x00-\x7f]*$/.test(text)) return text;
  }
  return "hello";
}
