"""Words with a capital that begin sentences or name things, and are no names of people."""

from __future__ import annotations

from typing import Final

from mcp_gate.detect.fieldrules import words

COMMON: Final = words(
    "Unknown Anonymous Madame Monsieur Senor Señor Señora Signor Signora The This That These Those A An I You He "
    "She It We They My Your His Her Its Our Their If When Where While Who What Why How Please Thanks Thank Hi "
    "Hello Hey Dear Hallo Regards Best Kind Warm Sincerely Cheers Yours All Team Everyone Everybody Sir Madam "
    "Folks Guys There And Or But Not No Yes Ok Okay Is Are Was Were Be Been Has Have Had Do Does Did Can Could "
    "Will Would Should May Might Must For From To In On At By With Of As So Also Now Then Just Only Any Some Each "
    "Every Both More Most Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April "
    "June July August September October November December Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr Jun Jul Aug "
    "Sep Sept Oct Nov Dec Today Tomorrow Yesterday Mr Mrs Ms Miss Dr Prof Herr Frau Mx Mme Sr Sra Customer "
    "Customers Client User Users Patient Passenger Employee Member Agent Support Service Services Sales Order "
    "Orders Invoice Payment Account Accounts Number Card Email Mail Phone Address Name Date Time Subject Message "
    "Ticket Case Issue Request Response Report Status Error Warning Info Debug Note Notes Build Version Release "
    "Update Server System Data Database File Files Bank Company Inc Ltd LLC GmbH Corp AG SA Group Department "
    "Office Street Avenue Road City State Country United States Kingdom America England Germany France Spain "
    "Italy Europe New York London Paris Berlin North South East West Internet Google Microsoft Amazon Apple "
    "Facebook Twitter GitHub GitLab Linux Windows Python Java JavaScript Docker Kubernetes API URL HTTP HTTPS "
    "JSON XML SQL CSV PDF HTML CSS IP ID SSN IBAN USA UK EU US CEO CTO CFO HR IT QA PR VIP FAQ TODO README True "
    "False None Null Bitte Danke Guten Tag Der Die Das Ein Eine Human Resources Legal Finance Marketing "
    "Engineering Security Operations Admin Administrator Root Guest Default Public Private Head Director Manager "
    "President Chief Senior Junior Lead Staff Call Contact See Let Get Set Use Add Fix Read Write Open Close "
    "Shipping Billing Delivery Travel Total Amount Price Product Item Items Page Section Chapter Table Figure "
    "Grüße Grüßen Gruß Gruss Grüsse "
    "Type Value Values Class Function Method Object String Reference Priority High Low Medium Visa Mastercard Reply "
    "Forward Sent Received Attachment Original Begin End Start Stop Good Morning Afternoon Evening Night Happy "
    "Welcome Sorry Unfortunately Sure Certainly Absolutely Yeah Yep Nope Correct Right Great Perfect Exactly Indeed "
    "Actually Alright Fine Well Really Maybe Probably Definitely Awesome Understood Done Noted Agreed Speaking "
    "Understandably Luckily However Therefore Still Again Once After Before Since Because Though Although "
    "Zusammen Kollegen Kolleginnen Kunde Kunden Kundin Tous Toutes Equipo Todos Todas Tutti Allemaal Leute "
    "Freunde Damen Herren Compañeros Colleghi Collegas Collègues Équipe Alla Vrienden Zespół Państwo Pessoal Galera "
    "World There Unassigned "
    "Hmm Wow Oh Ah Um Got Gotcha Wait Look Listen Hold Same Nothing Nobody Someone Something Anything Everything "
)
THINGS: Final = words(
    "BIC SWIFT "
    "Unknown Anonymous Nobody Various Multiple Production Cluster Plan Premium Basic Node Test Demo Sample Device "
    "Room Printer Project Platform Standard Pro Enterprise Team Channel Queue Topic Bucket Instance Image Volume "
    "Pool Zone Region Network Gateway Router Switch Camera Sensor Meter Light Phone Laptop Desktop Monitor "
    "Keyboard Bundle Pack Kit Set Edition License Widget Gadget Machine Engine Motor Pump Cable Charger Battery "
    "Practitioner Specialist Consultant Analyst Coordinator Administrator Representative "
    "Course Class Event Conference Workshop Tour Hotel Restaurant School University College Hospital Clinic "
    "Church Museum Library Park Station Airport Center Centre Mall Store Shop Market Foods Labs Systems Solutions "
    "Technologies Software Industries Holdings Partners Capital Ventures Media Studio Studios Design Consulting "
    "Insurance Energy Motors Airlines Railways Pharma Health Care Logistics Global International National Federal "
    "Association Society Foundation Institute Committee Council Ministry Agency Board Union Club League Party "
    "Dashboard Pipeline Job Task Workflow Process Worker Scheduler Alert Rule Policy Template Form Document "
    "Authors Contributors Developers Maintainers Committers Community Collective Squad "
    "Analytics Tests Stage Step Bot Runner Meeting Break Review Standup Sprint Backlog Mix Salad Savings Ipsum "
    "Account Accounts User Users Admins Administrators Operators Authority Domain Guests Daemon Builtin Everyone "
    "ipsum Kimlik Folder Archive Backup Log Metric Config Settings "
)
"""Words that name things, companies, places."""
