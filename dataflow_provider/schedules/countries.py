"""The countries of the `holidays` package and their parts, so that a name is checked without importing it.

A test compares the table with the installed package.
"""

from __future__ import annotations

from typing import NamedTuple


class Country(NamedTuple):
    """A country: its English name, and the codes of its parts that have holidays of their own."""

    name: str
    parts: tuple[str, ...] = ()


ADJECTIVES = {
    "AR": "Argentine", "AT": "Austrian", "AU": "Australian", "BE": "Belgian", "BG": "Bulgarian", "BR": "Brazilian",
    "CA": "Canadian", "CH": "Swiss", "CN": "Chinese", "CZ": "Czech", "DE": "German", "DK": "Danish", "EE": "Estonian",
    "ES": "Spanish", "FI": "Finnish", "FR": "French", "GB": "British", "GR": "Greek", "HR": "Croatian",
    "HU": "Hungarian", "IE": "Irish", "IN": "Indian", "IS": "Icelandic", "IT": "Italian", "JP": "Japanese",
    "KR": "South Korean", "LT": "Lithuanian", "LU": "Luxembourg", "LV": "Latvian", "MX": "Mexican", "NL": "Dutch",
    "NO": "Norwegian", "NZ": "New Zealand", "PL": "Polish", "PT": "Portuguese", "RO": "Romanian", "SE": "Swedish",
    "SG": "Singaporean", "SI": "Slovenian", "SK": "Slovak", "TR": "Turkish", "UA": "Ukrainian", "UK": "British",
    "US": "American", "ZA": "South African",
}  # fmt: skip

_TABLE = """
AD Andorra: 02 03 04 05 06 07 08
AE United Arab Emirates
AF Afghanistan
AG Antigua and Barbuda
AI Anguilla
AL Albania
AM Armenia: AG AR AV ER GR KT LO SH SU TV VD
AO Angola
AQ Antarctica
AR Argentina: A B C D E F G H J K L M N P Q R S T U V W X Y Z
AS American Samoa
AT Austria: 1 2 3 4 5 6 7 8 9
AU Australia: ACT NSW NT QLD SA TAS VIC WA
AW Aruba
AX Aland Islands
AZ Azerbaijan
BA Bosnia and Herzegovina: BIH BRC SRP
BB Barbados
BD Bangladesh
BE Belgium
BF Burkina Faso
BG Bulgaria
BH Bahrain
BI Burundi
BJ Benin
BL Saint Barthelemy
BM Bermuda
BN Brunei
BO Bolivia: B C H L N O P S T
BQ Bonaire Sint Eustatius and Saba: BON SAB STA
BR Brazil: AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO
BS Bahamas
BT Bhutan: 11 12 13 14 15 21 22 23 24 31 32 33 34 41 42 43 44 45 GA TY
BV Bouvet Island
BW Botswana
BY Belarus
BZ Belize
CA Canada: AB BC MB NB NL NS NT NU ON PE QC SK YT
CC Cocos Islands
CD Dr Congo
CF Central African Republic
CG Congo
CH Switzerland: AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH
CI Ivory Coast
CK Cook Islands
CL Chile: AI AN AP AR AT BI CO LI LL LR MA ML NB RM TA VS
CM Cameroon
CN China
CO Colombia
CR Costa Rica
CU Cuba
CV Cabo Verde: BR BV CA CF CR MA MO PA PN PR RB RG RS SD SF SL SM SO SS SV TA TS
CW Curacao
CX Christmas Island
CY Cyprus
CZ Czechia
DE Germany: BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH
DJ Djibouti
DK Denmark
DM Dominica
DO Dominican Republic
DZ Algeria
EC Ecuador
EE Estonia
EG Egypt
EH Western Sahara
ER Eritrea
ES Spain: AN AR AS CB CE CL CM CN CT EX GA IB MC MD ML NC PV RI VC
ET Ethiopia
FI Finland: 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19
FJ Fiji
FK Falkland Islands
FM Micronesia: KSA PNI TRK YAP
FO Faroe Islands
FR France: 57 6AE 971 972 973 974 976 BL MF NC PF PM TF WF
GA Gabon
GB United Kingdom: ENG NIR SCT WLS
GD Grenada
GE Georgia
GF French Guiana
GG Guernsey
GH Ghana
GI Gibraltar
GL Greenland
GM Gambia
GN Guinea
GP Guadeloupe
GQ Equatorial Guinea: AN BN BS CS DJ KN LI WN
GR Greece
GS South Georgia and the South Sandwich Islands
GT Guatemala
GU Guam
GW Guinea Bissau
GY Guyana
HK Hongkong
HM Heard Island and Mcdonald Islands
HN Honduras
HR Croatia
HT Haiti
HU Hungary
ID Indonesia
IE Ireland
IL Israel
IM Isle of Man
IN India: AN AP AR AS BR CG CH DH DL GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD PB PY RJ SK TN TR TS UK UP WB
IO British Indian Ocean Territory
IQ Iraq
IR Iran
IS Iceland
IT Italy: AG AL AN AO AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH CL CN CO CR CS CT CZ EN FC FE FG FI \
FM FR GE GO GR IM IS KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU OR PA PC PD PE PG PI PN PO PR PT PU PV PZ \
RA RC RE RG RI RM RN RO SA SI SO SP SR SS SU SV TA TE TN TO TP TR TS TV UD VA VB VC VE VI VR VT VV
JE Jersey
JM Jamaica
JO Jordan
JP Japan
KE Kenya
KG Kyrgyzstan
KH Cambodia
KI Kiribati
KM Comoros
KN Saint Kitts and Nevis
KP North Korea
KR South Korea
KW Kuwait
KY Cayman Islands
KZ Kazakhstan
LA Laos
LB Lebanon
LC Saint Lucia
LI Liechtenstein
LK Sri Lanka
LR Liberia
LS Lesotho
LT Lithuania
LU Luxembourg
LV Latvia
LY Libya
MA Morocco
MC Monaco
MD Moldova
ME Montenegro
MF Saint Martin
MG Madagascar
MH Marshall Islands
MK North Macedonia
ML Mali
MM Myanmar
MN Mongolia
MO Macau: I M
MP Northern Mariana Islands
MQ Martinique
MR Mauritania
MS Montserrat
MT Malta
MU Mauritius
MV Maldives
MW Malawi
MX Mexico
MY Malaysia: 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16
MZ Mozambique
NA Namibia
NC New Caledonia
NE Niger
NF Norfolk Island
NG Nigeria
NI Nicaragua: AN AS BO CA CI CO ES GR JI LE MD MN MS MT NS RI SJ
NL Netherlands
NO Norway: 03 11 15 18 21 22 31 32 33 34 39 40 42 46 50 55 56
NP Nepal
NR Nauru
NU Niue
NZ New Zealand: AUK BOP CAN CIT GIS HKB MBH MWT NSN NTL OTA STL TAS TKI WGN WKO WTC
OM Oman
PA Panama
PE Peru
PF French Polynesia
PG Papua New Guinea
PH Philippines
PK Pakistan
PL Poland: 02 04 06 08 10 12 14 16 18 20 22 24 26 28 30 32
PM Saint Pierre and Miquelon
PN Pitcairn Islands
PR Puerto Rico
PS Palestine
PT Portugal: 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 20 30
PW Palau
PY Paraguay
QA Qatar
RE Reunion
RO Romania
RS Serbia
RU Russia
RW Rwanda
SA Saudi Arabia
SB Solomon Islands: CE CH CT GU IS MK ML RB TE WE
SC Seychelles
SD Sudan
SE Sweden
SG Singapore
SH Saint Helena Ascension and Tristan da Cunha: AC HL TA
SI Slovenia
SJ Svalbard and Jan Mayen
SK Slovakia
SL Sierra Leone
SM San Marino
SN Senegal
SO Somalia
SR Suriname
SS South Sudan
ST Sao Tome and Principe: 01 02 03 04 05 06 P
SV El Salvador: AH CA CH CU LI MO PA SA SM SO SS SV UN US
SX Sint Maarten
SY Syrian Arab Republic
SZ Eswatini
TC Turks and Caicos Islands
TD Chad
TF French Southern Territories
TG Togo
TH Thailand
TJ Tajikistan
TK Tokelau
TL Timor Leste
TM Turkmenistan
TN Tunisia
TO Tonga
TR Turkey
TT Trinidad and Tobago
TV Tuvalu: FUN NIT NKF NKL NMA NMG NUI VAI
TW Taiwan
TZ Tanzania
UA Ukraine
UG Uganda
UK United Kingdom: ENG NIR SCT WLS
UM United States Minor Outlying Islands
US United States: AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC ND NE \
NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UM UT VA VI VT WA WI WV WY
UY Uruguay
UZ Uzbekistan
VA Vatican City
VC Saint Vincent and the Grenadines
VE Venezuela
VG British Virgin Islands
VI United States Virgin Islands
VN Vietnam
VU Vanuatu
WF Wallis and Futuna
WS Samoa
XK Kosovo
YE Yemen
YT Mayotte
ZA South Africa
ZM Zambia
ZW Zimbabwe
"""


def _country(line: str) -> tuple[str, Country]:
    code, _, rest = line.partition(" ")
    name, _, parts = rest.partition(": ")
    return code, Country(name, tuple(parts.split()))


COUNTRIES = dict(_country(line) for line in _TABLE.strip().splitlines())
