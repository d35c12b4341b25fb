import { seededRandom } from "./seeded-random.ts";

/**
 * Names as people give them: none of these may be taken for a program. Words of twelve scripts, dates, versions, copies,
 * e-mail subjects, cameras and scanners, double dots that mean nothing.
 */
export function benignFileNames(): readonly string[] {
  const random = seededRandom(20_24);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const names = new Set(FIXED);
  for (const words of WORDS) {
    for (const shape of SHAPES) {
      for (let i = 0; i < 4; i++) {
        const filled = shape
          .replaceAll("W", () => pick(words))
          .replaceAll("Y", () => String(2019 + Math.floor(random() * 7)))
          .replaceAll("M", () => String(1 + Math.floor(random() * 12)).padStart(2, "0"))
          .replaceAll("N", () => String(1 + Math.floor(random() * 998)));
        names.add(`${filled}.${pick(EXTENSIONS)}`);
      }
    }
  }
  return [...names];
}

const FIXED: readonly string[] = [
  "report-v1.2.final.pdf",
  "Dr. Müller.docx",
  "photo.2024.jpg",
  "notes",
  "README",
  "a.b.c.d.txt",
  "archive.tar.gz",
  "backup.2024-11-27.sql.gz",
  "Screenshot 2024-11-27 at 10.15.30.png",
  "Bildschirmfoto 2024-11-27 um 10.15.30.png",
  "WhatsApp Image 2024-11-27 at 10.15.30.jpeg",
  "IMG_20241127_101530.HEIC",
  "DSC00001.JPG",
  "scan0001.tiff",
  "Re: your mail.eml",
  "50% off.pdf",
  "100%.xlsx",
  "C# in depth.pdf",
  "Q&A.docx",
  "what is this?.txt",
  "(1) Rechnung [Kopie].pdf",
  "résumé – final.docx",
  "10-K.htm",
  "Sprint 3.1 - planning.pptx",
  "Vertrag Nr. 7 (unterschrieben).pdf",
  "St. John's – menu.pdf",
  "J. R. R. Tolkien.epub",
  "Fig. 3.b.png",
  "v2.0.1-rc.1.zip",
  "invoice_2024.11.pdf",
  "e.g. this one.txt",
  "z. B. Angebot.odt",
  "Meeting @ 10.30.ics",
  "song feat. someone.mp3",
  "Episode 1.02.mkv",
  "data.csv",
  "data.final.csv",
  "config.example.json",
  "page.min.css",
  "letter.doc",
  "2024.Q4.budget.xlsx",
  "Спр.мат.docx",
  "ред. 2.docx",
  "г. Москва.pdf",
  "😀 party.jpg",
  "=1+1.txt",
  "semi;colon.txt",
  "per%cent.txt",
  "100%25.txt",
  "don't.pdf",
  "“quoted”.pdf",
  "Ελ. Βενιζέλος.pdf",
  "تقرير 2024.pdf",
  "דוח שנתי.docx",
];

const EXTENSIONS = [
  "pdf",
  "docx",
  "xlsx",
  "pptx",
  "jpg",
  "png",
  "txt",
  "odt",
  "mp3",
  "mp4",
  "csv",
  "JPG",
  "PDF",
];

const SHAPES = [
  "W",
  "W W",
  "W_W_Y",
  "W-Y-M",
  "W (N)",
  "W.Y.M",
  "W v1.N",
  "Dr. W",
  "W. W. W",
  "N. W",
  "Y-M_W",
  "W – W",
  "W [W]",
  "Re W, W & W",
  "W.final",
  "W N.N.N",
  "W+W=W",
  "kopie von W",
];

/** Latin, Cyrillic, Greek, Arabic, Hebrew, Devanagari, Thai, Han, Hangul, kana, Georgian, Armenian, Tamil. */
const WORDS: readonly (readonly string[])[] = [
  ["report", "minutes", "invoice", "holiday", "budget", "summary", "notes"],
  ["Übersicht", "Rechnung", "Größe", "Prüfung", "straße", "Café", "señor", "łódź", "Çelik"],
  ["отчёт", "счёт", "протокол", "Москва", "договор", "фото", "проект"],
  ["αναφορά", "τιμολόγιο", "Αθήνα", "πρακτικά", "σχέδιο"],
  ["تقرير", "فاتورة", "محضر", "صورة"],
  ["דוח", "חשבונית", "תמונה", "סיכום"],
  ["रिपोर्ट", "चालान", "बैठक", "योजना"],
  ["รายงาน", "ใบแจ้งหนี้", "ประชุม"],
  ["报告", "发票", "会议记录", "照片", "預算"],
  ["보고서", "송장", "회의록", "사진"],
  ["レポート", "請求書", "ぎじろく", "ﾒﾓ"],
  ["ანგარიში", "ფოტო", "გეგმა"],
  ["հաշվետվություն", "լուսանկար"],
  ["அறிக்கை", "படம்"],
];
