/** Lines of chats, in several languages, in which nobody sees a link. One a line; blank lines part them. */
export const BENIGN_LINES: readonly string[] = `
see you at 10:30 in room 4.12
The build fails with node.js 24.1.0, but v22 is fine.
Please use vue.js or three.js here, not angular.js
we moved from node.js to bun last week
e.g. the second one, i.e. the one from a.m. to p.m.
I'm at the U.S. office, back at 5 p.m.
Ph.D. students only, Dr. Smith said
version 1.2.3.4 is out
upgrade from 2.4.1 to 2.5.0-rc.1 please
release v1.2.zip is on the share
the file is called report-v1.2.final.pdf
attach photo.2024.jpg and the invoice.pdf
did you get my budget_2026.xlsx?
open C:\\Users\\bob\\Documents and look for notes.txt
cp src/main.c /tmp/build && make -j4
run ./configure; make; make install
rm -rf node_modules && npm ci
git commit -m "fix: handle empty input"
if (a.length > 0) return b.name;
const x = foo.bar(baz.qux);
System.out.println("hello");
std::vector<int> v; v.push_back(1);
a := b.c.d[3].e
SELECT u.name, o.total FROM users u, orders o WHERE u.id = o.uid;
print(np.mean(df.values))
import java.util.List;
use std::collections::HashMap;
#include <stdio.h>
p->next = q; *p = 0;
foo::bar::baz() returned 0x7fff
ratio 3:2, score 4:1, odds 10:1
the meeting is at 12:00:00 sharp
2026-11-27T12:30:00Z start of the incident
27.11.2026, 14.30 Uhr
the 3.5 mm jack, not the 6.3 one
it costs 1.299,00 EUR or $1,499.00
pi is 3.14159, e is 2.71828
IP over avian carriers, haha
10.0.0.1 is the gateway? no idea
mask is 255.255.255.0?? ask the network team
RFC 3261, section 20.10 and 8.1.1.8
see chapter 4.2.1 of the manual
figure 2.a and table 3.b
Windows 11 24H2, build 26100.2314
kernel 6.1.0-25-amd64 on Debian 12.7
gcc 12.2.0 says warning: unused variable
error: expected ';' before '}' token
Error code: 0x80070005 (access denied)
TypeError: x.map is not a function
at Object.<anonymous> (index.js:12:5)
main.c:42:7: error: 'x' undeclared
the log says: connection reset by peer
user: bob, role: admin, status: active
note: bring your badge
re: lunch tomorrow
FW: minutes of the meeting
ok...see you
well...no
wait..what?
hmm.ok then
yes.No problem at all
done.Thanks!
I left it on your desk.Please check
Hello,how are you?I'm fine.
Great!!!see you soon
and/or, either/or, his/her, w/o sugar
24/7 support, 1/2 price, 50/50
TCP/IP, I/O, A/B test, N/A
// a comment in C
/* not a comment */
# heading
## another heading
- item one
* item two
1. first
2. second
a) this b) that
[x] done [ ] not done
**bold** and _italic_ and \`code\`
~~gone~~
> quoted text
:-) ;-) :D :/ :\\ ¯\\_(ツ)_/¯
lol xD :p
@bob can you look at this?
@all stand-up in five minutes
#general is the right channel
mail bob@example.com or alice.smith@example.org
write to j.doe+lists@mail.example.net please
from bob@example.com: hello all
ask anna.maria@firma.example, she knows
my number is +49 30 1234567
call 555-0199 ext. 12
tel. 030/1234567
password must have 8+ chars, a-z, A-Z, 0-9
regex: ^[a-z]+\\.[0-9]{2,3}$
glob: *.txt, *.log, **/*.ts
s/foo/bar/g
\\d+\\.\\d+ matches decimals
path is /etc/hosts or /var/log/syslog
look in ~/.ssh and ~/.config
cat /proc/cpuinfo | grep MHz
tests/run.sh fails, src/tool.py too
lib/libfoo.so.1 is missing
pam_unix.so is loaded first
debian/rules, debian/control, debian/changelog
docs/intro.md and docs/setup.md are old
../lib/util.pl and ./setup.sh
the class com.acme.Foo has no main
config.yaml, package.json, tsconfig.json
Dockerfile, docker-compose.yml
image: registry/app:1.2.3
key=value; other=thing
a=b&c=d
{"a": 1, "b": [2, 3]}
<b>bold</b> is html
<br> and <hr/>
x < y && y > z
3 < 4 > 2
100% sure, 50% off
C# and F# and C++ and .NET
use .env and .gitignore
the .com boom of the nineties
dot-com bubble
the dot com bubble burst in 2000
press the dot to stop
dot your i's and cross your t's
connect the dots
polka dot dress
he said "no." and left
'quoted.' and (bracketed.)
(see above.) (see below)
[1] see the appendix [2] too
fig. 3, vol. 2, no. 7, p. 12, pp. 3-9
cf. Smith et al. 2020
vs. the others, approx. 5, max. 10, min. 2
Mr. Brown, Mrs. White, Ms. Green, Prof. Black
St. Louis, Mt. Everest, Ft. Worth
Inc., Ltd., Corp., GmbH & Co. KG
J. R. R. Tolkien, J.K. Rowling, E.T.
U.K., U.S.A., E.U., N.Y.
R.I.P. old server
F.A.Q. and D.I.Y.
a.k.a. the boss
A.I. will not save us
1st, 2nd, 3rd, 4th
5x faster, 10x better
Q3 FY26 results
ISO 9001:2015, EN 50121-4
DIN A4, 80 g/m2
WPA2-PSK, AES-256-GCM, SHA-256
sha256:deadbeef
a1b2c3d4e5f6 is the commit
UUID 123e4567-e89b-12d3-a456-426614174000
MAC 00:1a:2b:3c:4d:5e
port 5060, 5061 and 8080
localhost works, the server does not
localhost:3000 is up? no, down
http is slow, https is fine
the http: prefix and the ftp: prefix
what does http:// mean? and "ssh://..."?
use https, not http.
file names, not file: URLs
the scheme://host form
protocol: TCP
data: see table
subject: holidays
tel: none, fax: none
news: we won
sip is a protocol, sips too
about: nothing
www is not needed
www. is a prefix
www... or not
ftp is dead
C:\\temp is full
D:\\ and E:\\ are empty
the share is mapped as Z:
\\n is a newline, \\t a tab
\\\\ is an escaped backslash
\\alpha + \\beta = \\gamma
$x^2 + y^2 = z^2$
a^b, a_b, a~b, a|b
f(x).g(y)
arr[0].name
obj?.prop ?? 1
x?.y
fn main() {}
func (r *T) Get() error
def f(self): pass
lambda x: x+1
echo $PATH
export A=b
%s %d %f
&amp; &lt; &gt;
&nbsp;
=SUM(A1:B2)
A1:B2 and $C$3
1,2,3,4
1;2;3
(1.5, 2.5)
[0.1, 0.9]
1e-5 and 2.5E10
0x1F, 0b101, 0o17
-1.0 to +1.0
~5 min
<5 ms
>100 users
5.5.2026 bis 7.5.2026
12.30-13.30
Do., 27.11., 9.00
z.B. so, d.h. anders, u.a. das, usw.
bzw. die andere, ggf. morgen, i.d.R. nicht
Hr. Müller, Fr. Schmidt, Dr.-Ing. Weber
Str. 12, Nr. 5, Abs. 3, Art. 7
ca. 3 km, max. 5 t, mind. 2
Das war's.Bis morgen!
Ja.Nein.Vielleicht
Bitte die Datei angebot_v2.3.docx prüfen
Die Sitzung ist um 9:15 Uhr in R. 2.04
Kosten: 12,50 €/Stk.
Ich bin im Home-Office, Tel. siehe Signatur
Grüße aus Köln, bis nächste Woche
Straßenbahn Linie 7, Haltestelle Süd
s.o., s.u., v.l.n.r., o.ä.
m.E. passt das, u.U. auch nicht
Quelle: eigene Daten
Achtung: Wartung am 3.12. ab 22:00
M. Dupont et Mme. Martin
c.-à-d. le premier, p. ex. celui-ci
Rendez-vous à 14h30, salle 2.12
C'est fini.On y va ?
Voilà : c'est tout !
l'adresse est 12, rue de la Paix
N.B. : à relire
S.N.C.F., R.A.T.P.
le fichier s'appelle rapport_final.docx
« Bonjour », dit-il.
El Sr. García y la Sra. López
p. ej. esto, etc.
¿Qué hora es?Son las 10:30.
EE. UU. y la U.E.
vale.Nos vemos mañana
la versión 2.0.1 funciona bien
O Sr. Silva chegou.Vamos começar
p.ex. isto, etc.
às 15h00, sala 3.1
Il sig. Rossi e la sig.ra Bianchi
ad es. questo, ecc.
alle 9.30, stanza 2.14
De heer J. de Vries, mw. Bakker
bijv. dit, d.w.z. dat, enz.
om 10.00 uur, kamer 1.05
t.a.v. de directie
Pan Kowalski, ul. Długa 5 m. 3
np. to, tzn. tamto, itd., itp.
o godz. 14.30 w sali 2.11
Dziękuję.Do zobaczenia
Pan Novák, tel. číslo níže
např. toto, tj. tamto, atd.
ve 14.30 v místnosti 3.02
Привет.Как дела?
Встреча в 10.30, каб. 2.15
т.е. завтра, т.к. сегодня нет, и т.д.
г. Москва, ул. Ленина, д. 5, кв. 12
Файл отчет_v2.docx у тебя?
версия 1.2.3 уже вышла
конец.Начало следующего
ООО «Ромашка», ИНН 1234567890
Доброе утро.Сегодня выходной
т.н. «облако»
Добрий день.Як справи?
напр. це, тобто те
вул. Шевченка, буд. 3
Καλημέρα.Τι κάνεις;
π.χ. αυτό, κ.λπ.
στις 10.30, αίθουσα 2.1
你好。今天开会吗？
会议在10:30，三楼302室。
请看文件“报告v1.2.docx”。
谢谢。再见！
版本2.5.1已经发布了
价格是12.5元，不是13.0元
好的。明天见。
请用node.js写
こんにちは。元気ですか？
会議は10:30からです。
ファイル名は「資料v1.2.pdf」です
ありがとう。またね！
バージョン2.0.1を使ってください
価格は1.5倍です。
はい。わかりました。
안녕하세요.반갑습니다
회의는 10:30에 시작합니다.
파일 이름은 보고서_v1.2.hwp 입니다
버전 2.1.0 입니다.감사합니다
สวัสดี.วันนี้ประชุม 10.30 น.
เวอร์ชัน 1.2.3 ออกแล้ว
مرحبا. كيف حالك؟
الاجتماع في 10:30.
الإصدار 1.2.3 متاح
שלום. מה שלומך?
הפגישה ב-10:30.
גרסה 1.2.3 זמינה
नमस्ते। आप कैसे हैं?
बैठक 10:30 बजे है।
संस्करण 1.2.3 आ गया
Merhaba.Nasılsın?
saat 10.30'da, oda 2.12
örn. bu, vb.
Xin chào.Bạn khỏe không?
họp lúc 10:30, phòng 2.12
Hej.Vad gör du?
t.ex. detta, dvs. det, osv.
kl. 10.30 i rum 2.12
f.eks. dette, dvs. det, osv.
Hei.Mitä kuuluu?
esim. tämä, ym., jne.
klo 10.30, huone 2.12
Szia.Hogy vagy?
pl. ez, stb., ill. az
Bună.Ce faci?
de ex. asta, etc.
the quick brown fox jumps over the lazy dog.
Lorem ipsum dolor sit amet, consectetur adipiscing elit.
x.y.z
a.b
1.a
v.2
no.1
p.12
foo.bar
alpha.beta.gamma
index.php, style.css, app.js, main.cpp
libc.so.6, ld-linux-x86-64.so.2
data.tar.gz, backup.7z, disk.iso
IMG_0001.JPG and DSC01234.NEF
song.mp3, movie.mkv, clip.webm
setup.exe was blocked by the scanner
invoice.pdf.exe looks bad
Report (final).docx
New Text Document.txt
résumé.pdf, naïve.txt
日本語.txt, 文件.docx
.bashrc .profile .vimrc
~/.bashrc:12
a/b/c.h:34
foo.h, bar.hpp
Makefile:12: *** missing separator.
make: *** [all] Error 2
[INFO] 12:00:01.123 started
[WARN] retry 3/5 in 2.5s
12:34:56,789 DEBUG [main] a.b.C - ok
pid=1234 ppid=1 uid=0
cpu: 12.5% mem: 3.2G
up 3 days, 4:05, load: 0.10, 0.20, 0.30
eth0: link up, 1000 Mb/s
ping 64 bytes ttl=64 time=0.5 ms
ls -la | wc -l
cd .. && ls
awk '{print $1}' file
sed -n '1,5p' x
for i in 1 2 3; do echo $i; done
while true; do sleep 1; done
kill -9 1234
chmod 755 x
sudo !!
:wq
:q!
:set nu
Ctrl+C, Ctrl+V, Alt+F4
F5 to reload
Esc :wq Enter
`
  .split("\n")
  .filter((line) => line !== "");
